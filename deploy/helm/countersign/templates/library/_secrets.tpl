{{/*
Every file a process may be given from a Secret: which variable names it, from which Secret and key it comes.
A process lists the ones it needs; one whose Secret is not set is left out.
*/}}
{{- define "countersign.secretTable" -}}
{{- $v := .Values -}}
{{- $trial := include "countersign.name" (dict "root" . "component" "trial") -}}
database:
  env: COUNTERSIGN_DATABASE__PASSWORD_FILE
  secret: {{ ternary $trial $v.database.existingSecret.name $v.trial.postgresql.enabled | quote }}
  key: {{ ternary "database" $v.database.existingSecret.key $v.trial.postgresql.enabled }}
database-owner:
  env: COUNTERSIGN_DATABASE__PASSWORD_FILE
  secret: {{ ternary $trial (default $v.database.existingSecret.name $v.database.owner.existingSecret.name) $v.trial.postgresql.enabled | quote }}
  key: {{ ternary "database" (ternary $v.database.owner.existingSecret.key $v.database.existingSecret.key (not (empty $v.database.owner.existingSecret.name))) $v.trial.postgresql.enabled }}
database-ca:
  env: PGSSLROOTCERT
  secret: {{ $v.database.ca.existingSecret | quote }}
  key: {{ $v.database.ca.key }}
broker:
  env: COUNTERSIGN_BROKER__PASSWORD_FILE
  secret: {{ ternary $trial $v.broker.existingSecret.name $v.trial.valkey.enabled | quote }}
  key: {{ ternary "broker" $v.broker.existingSecret.key $v.trial.valkey.enabled }}
broker-ca:
  env: COUNTERSIGN_BROKER__CA
  secret: {{ $v.broker.ca.existingSecret | quote }}
  key: {{ $v.broker.ca.key }}
fhir-token:
  env: COUNTERSIGN_FHIR__TOKEN_FILE
  secret: {{ $v.fhir.token.existingSecret | quote }}
  key: {{ $v.fhir.token.key }}
fhir-smart-key:
  env: COUNTERSIGN_FHIR__SMART__PRIVATE_KEY_FILE
  secret: {{ $v.fhir.smart.existingSecret | quote }}
  key: {{ $v.fhir.smart.key }}
fhir-ca:
  env: COUNTERSIGN_FHIR__CA
  secret: {{ $v.fhir.ca.existingSecret | quote }}
  key: {{ $v.fhir.ca.key }}
fhir-client-certificate:
  env: COUNTERSIGN_FHIR__CLIENT_CERTIFICATE
  secret: {{ $v.fhir.clientTls.existingSecret | quote }}
  key: tls.crt
fhir-client-key:
  env: COUNTERSIGN_FHIR__CLIENT_KEY
  secret: {{ $v.fhir.clientTls.existingSecret | quote }}
  key: tls.key
notify:
  env: COUNTERSIGN_FHIR__NOTIFY_SECRET_FILE
  secret: {{ ternary $trial $v.fhir.notifySecret.existingSecret $v.trial.fhir.enabled | quote }}
  key: {{ ternary "notify" $v.fhir.notifySecret.key $v.trial.fhir.enabled }}
mllp-certificate:
  env: COUNTERSIGN_MLLP__TLS_CERTIFICATE
  secret: {{ $v.listener.tls.existingSecret | quote }}
  key: tls.crt
mllp-key:
  env: COUNTERSIGN_MLLP__TLS_KEY
  secret: {{ $v.listener.tls.existingSecret | quote }}
  key: tls.key
mllp-client-ca:
  env: COUNTERSIGN_MLLP__TLS_CLIENT_CA
  secret: {{ ternary $v.listener.tls.existingSecret "" $v.listener.tls.mutual | quote }}
  key: ca.crt
oidc:
  env: COUNTERSIGN_WORKLIST__OIDC__CLIENT_SECRET_FILE
  secret: {{ $v.worklist.oidc.existingSecret | quote }}
  key: {{ $v.worklist.oidc.key }}
smart-launch:
  env: COUNTERSIGN_WORKLIST__SMART__CLIENT_SECRET_FILE
  secret: {{ $v.worklist.smart.existingSecret | quote }}
  key: {{ $v.worklist.smart.key }}
oru-ca:
  env: COUNTERSIGN_WRITEBACK__ORU_CA
  secret: {{ $v.writeback.oruTls.existingSecret | quote }}
  key: ca.crt
oru-certificate:
  env: COUNTERSIGN_WRITEBACK__ORU_CERTIFICATE
  secret: {{ ternary $v.writeback.oruTls.existingSecret "" $v.writeback.oruTls.mutual | quote }}
  key: tls.pem
model:
  env: ""
  secret: {{ ternary $v.sglang.apiKey.existingSecret "" $v.sglang.enabled | quote }}
  key: {{ $v.sglang.apiKey.key }}
{{- end -}}

{{/* (root, secrets) → the projected sources of /run/secrets/countersign */}}
{{- define "countersign.secretSources" -}}
{{- $table := fromYaml (include "countersign.secretTable" .root) -}}
{{- range .secrets }}
{{- $row := index $table . }}
{{- if $row.secret }}
- secret:
    name: {{ $row.secret }}
    items:
      - key: {{ $row.key }}
        path: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* (root, secrets) → the variables that name those files */}}
{{- define "countersign.secretEnv" -}}
{{- $table := fromYaml (include "countersign.secretTable" .root) -}}
{{- range .secrets }}
{{- $row := index $table . }}
{{- if and $row.secret $row.env }}
- name: {{ $row.env }}
  value: /run/secrets/countersign/{{ . }}
{{- end }}
{{- end }}
{{- end -}}
