{{/* (root, node) → the pod that fills a node's volume; $.node is the name of that node's pod */}}
{{- define "countersign.weightsPod" -}}
{{- $v := .root.Values.sglang -}}
{{- $profile := fromYaml (include "countersign.profile" .root) -}}
{{- $args := dict "root" .root "component" "weights" -}}
metadata:
  labels:
    {{- include "countersign.labels" $args | nindent 4 }}
spec:
  serviceAccountName: {{ include "countersign.serviceAccount" $.root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: OnFailure
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  affinity:
    {{- if $v.hold }}
    {{- include "countersign.modelAffinity" $.root | nindent 4 }}
    # Each node's volume on a machine of its own, where its model server will run.
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "countersign.selector" $args | nindent 16 }}
    {{- else }}
    podAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        - topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              statefulset.kubernetes.io/pod-name: {{ $.node }}
    {{- end }}
  securityContext:
    {{- include "countersign.podSecurity" $.root.Values.security | nindent 4 }}
  containers:
    - name: weights
      image: {{ include "countersign.image" (dict "image" $v.image) }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      command: [sh, /scripts/weights.sh]
      securityContext:
        {{- include "countersign.containerSecurity" $.root | nindent 8 }}
      env:
        - {name: MODEL, value: {{ $profile.model | quote }}}
        - {name: REVISION, value: {{ $v.revision | quote }}}
        - {name: HF_HOME, value: /models}
        - {name: HOME, value: /tmp}
        {{- with $v.weights.endpoint }}
        - {name: HF_ENDPOINT, value: {{ . | quote }}}
        {{- end }}
        {{- with $v.weights.token.existingSecret }}
        - {name: HF_TOKEN_PATH, value: /run/secrets/weights/token}
        {{- end }}
        {{- with $v.weights.checksums.existingConfigMap }}
        - {name: CHECKSUMS, value: /checksums/SHA256SUMS}
        {{- end }}
        {{- include "countersign.trustEnv" $.root | nindent 8 }}
        {{- include "countersign.extraEnv" (dict "root" $.root "values" $v.weights) | nindent 8 }}
      resources:
        {{- toYaml $v.weights.resources | nindent 8 }}
      volumeMounts:
        - {name: weights, mountPath: /models}
        - {name: script, mountPath: /scripts, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if $v.weights.token.existingSecret }}
        - {name: token, mountPath: /run/secrets/weights, readOnly: true}
        {{- end }}
        {{- if $v.weights.checksums.existingConfigMap }}
        - {name: checksums, mountPath: /checksums, readOnly: true}
        {{- end }}
        {{- include "countersign.trustMount" $.root | nindent 8 }}
        {{- include "countersign.extraVolumeMounts" (dict "root" $.root "values" $v.weights) | nindent 8 }}
  volumes:
    - name: weights
      persistentVolumeClaim: {claimName: weights-{{ $.node }}}
    - name: script
      configMap: {name: {{ include "countersign.name" $args }}}
    - name: tmp
      emptyDir: {sizeLimit: 20Gi}
    {{- with $v.weights.token.existingSecret }}
    - name: token
      secret:
        secretName: {{ . }}
        defaultMode: 288  # 0440
        items: [{key: {{ $v.weights.token.key }}, path: token}]
    {{- end }}
    {{- with $v.weights.checksums.existingConfigMap }}
    - name: checksums
      configMap:
        name: {{ . }}
        items: [{key: {{ $v.weights.checksums.key }}, path: SHA256SUMS}]
    {{- end }}
    {{- include "countersign.trustVolume" $.root | nindent 4 }}
    {{- include "countersign.extraVolumes" (dict "root" $.root "values" $v.weights) | nindent 4 }}
{{- end -}}
