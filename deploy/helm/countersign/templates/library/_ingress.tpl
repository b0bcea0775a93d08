{{/* (root, component, ingress, port) → an Ingress that leads to a component's Service, over TLS only */}}
{{- define "countersign.ingressObject" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "countersign.metadata" . | nindent 2 }}
  {{- with .ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  tls:
    - hosts: [{{ .ingress.host | quote }}]
      secretName: {{ .ingress.tlsSecret }}
  rules:
    - host: {{ .ingress.host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "countersign.name" . }}
                port: {name: {{ .port }}}
{{- end -}}
