{{/*
What a house adds to a workload: (root, values) → its own extraEnv, extraVolumes and extraVolumeMounts after those of
every workload (pods). One certificate bundle for all of them.
*/}}
{{- define "countersign.extraEnv" -}}
{{- with concat .root.Values.pods.extraEnv (default list .values.extraEnv) }}
{{- toYaml . }}
{{- end -}}
{{- end -}}

{{- define "countersign.extraVolumes" -}}
{{- with concat .root.Values.pods.extraVolumes (default list .values.extraVolumes) }}
{{- toYaml . }}
{{- end -}}
{{- end -}}

{{- define "countersign.extraVolumeMounts" -}}
{{- with concat .root.Values.pods.extraVolumeMounts (default list .values.extraVolumeMounts) }}
{{- toYaml . }}
{{- end -}}
{{- end -}}

{{- define "countersign.trusts" -}}
{{- if or .Values.trust.existingConfigMap .Values.trust.existingSecret -}}true{{- end -}}
{{- end -}}

{{- define "countersign.trustVolume" -}}
{{- if include "countersign.trusts" . }}
- name: trust
  {{- if .Values.trust.existingConfigMap }}
  configMap:
    name: {{ .Values.trust.existingConfigMap }}
  {{- else }}
  secret:
    secretName: {{ .Values.trust.existingSecret }}
    defaultMode: 288  # 0440
  {{- end }}
    items: [{key: {{ .Values.trust.key }}, path: ca.crt}]
{{- end -}}
{{- end -}}

{{- define "countersign.trustMount" -}}
{{- if include "countersign.trusts" . }}
- name: trust
  mountPath: /etc/countersign-trust
  readOnly: true
{{- end -}}
{{- end -}}

{{/* OpenSSL's own variable serves every client; libpq and the OTLP exporter look at theirs. */}}
{{- define "countersign.trustEnv" -}}
{{- if and (not (include "countersign.trusts" .)) (not .Values.database.ca.existingSecret) (hasPrefix "verify-" (include "countersign.databaseSslmode" .)) }}
# libpq trusts nobody unless told: the authorities of the image.
- name: PGSSLROOTCERT
  value: /etc/ssl/certs/ca-certificates.crt
{{- end }}
{{- if include "countersign.trusts" . }}
- name: SSL_CERT_FILE
  value: /etc/countersign-trust/ca.crt
- name: OTEL_EXPORTER_OTLP_CERTIFICATE
  value: /etc/countersign-trust/ca.crt
{{- if not (or .Values.database.ca.existingSecret .Values.trial.postgresql.enabled) }}
- name: PGSSLROOTCERT
  value: /etc/countersign-trust/ca.crt
{{- end }}
{{- if and .Values.broker.tls (not .Values.broker.ca.existingSecret) }}
- name: COUNTERSIGN_BROKER__CA
  value: /etc/countersign-trust/ca.crt
{{- end }}
{{- end -}}
{{- end -}}
