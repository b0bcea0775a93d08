{{/* Every setting that is not a secret, as a map of environment variables; .Values.settings has the last word. */}}
{{- define "countersign.settings" -}}
{{- $v := .Values -}}
COUNTERSIGN_SITE: {{ $v.site | quote }}
COUNTERSIGN_CANONICAL_BASE: {{ $v.canonicalBase | quote }}
COUNTERSIGN_CONFIG_DIR: /etc/countersign
COUNTERSIGN_DATABASE__HOST: {{ include "countersign.databaseHost" . | quote }}
COUNTERSIGN_DATABASE__PORT: {{ $v.database.port | quote }}
COUNTERSIGN_DATABASE__NAME: {{ $v.database.name | quote }}
COUNTERSIGN_DATABASE__USER: {{ $v.database.user | quote }}
COUNTERSIGN_DATABASE__SSLMODE: {{ include "countersign.databaseSslmode" . | quote }}
COUNTERSIGN_BROKER__HOST: {{ include "countersign.brokerHost" . | quote }}
COUNTERSIGN_BROKER__PORT: {{ $v.broker.port | quote }}
COUNTERSIGN_BROKER__DATABASE: {{ $v.broker.database | quote }}
COUNTERSIGN_BROKER__USER: {{ $v.broker.user | quote }}
COUNTERSIGN_BROKER__TLS: {{ and $v.broker.tls (not $v.trial.valkey.enabled) | quote }}
COUNTERSIGN_MLLP__HOST: 0.0.0.0
COUNTERSIGN_MLLP__PORT: {{ $v.listener.port | quote }}
COUNTERSIGN_MLLP__APPLICATION: {{ $v.listener.application | quote }}
COUNTERSIGN_MLLP__FACILITY: {{ $v.listener.facility | quote }}
COUNTERSIGN_MLLP__ALLOWED_SENDERS: {{ toJson $v.listener.allowedSenders | quote }}
{{- if include "countersign.fhirUrl" . }}
COUNTERSIGN_FHIR__URL: {{ include "countersign.fhirUrl" . | quote }}
COUNTERSIGN_FHIR__NAME: {{ $v.fhir.name | quote }}
COUNTERSIGN_FHIR__SUBSCRIPTION: {{ $v.fhir.subscription | quote }}
COUNTERSIGN_FHIR__NOTIFY_HOST: 0.0.0.0
COUNTERSIGN_FHIR__NOTIFY_PORT: {{ $v.subscriber.port | quote }}
COUNTERSIGN_FHIR__NOTIFY_URL: {{ include "countersign.notifyUrl" . | quote }}
COUNTERSIGN_FHIR__AUTHORITIES: {{ toJson $v.fhir.authorities | quote }}
{{- if $v.fhir.smart.clientId }}
COUNTERSIGN_FHIR__SMART__CLIENT_ID: {{ $v.fhir.smart.clientId | quote }}
COUNTERSIGN_FHIR__SMART__TOKEN_URL: {{ $v.fhir.smart.tokenUrl | quote }}
COUNTERSIGN_FHIR__SMART__KEY_ID: {{ $v.fhir.smart.keyId | quote }}
{{- with $v.fhir.smart.scope }}
COUNTERSIGN_FHIR__SMART__SCOPE: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
COUNTERSIGN_WRITEBACK__PRELIMINARY: {{ $v.writeback.preliminary | quote }}
COUNTERSIGN_WRITEBACK__RESULT: {{ $v.writeback.result | quote }}
COUNTERSIGN_WRITEBACK__ORU: {{ $v.writeback.oru | quote }}
{{- with $v.webhooks }}
COUNTERSIGN_WEBHOOKS: {{ toJson . | quote }}
{{- end }}
COUNTERSIGN_READING__ENGINE: {{ include "countersign.engine" . | quote }}
COUNTERSIGN_READING__SHADOW: {{ $v.reading.shadow | quote }}
COUNTERSIGN_QUEUE__CONCURRENCY: {{ include "countersign.concurrency" . | quote }}
COUNTERSIGN_WORKLIST__HOST: 0.0.0.0
COUNTERSIGN_WORKLIST__PORT: {{ $v.worklist.port | quote }}
COUNTERSIGN_WORKLIST__PUBLIC_URL: {{ include "countersign.publicUrl" . | quote }}
{{- if $v.worklist.oidc.issuer }}
COUNTERSIGN_WORKLIST__OIDC__ISSUER: {{ $v.worklist.oidc.issuer | quote }}
COUNTERSIGN_WORKLIST__OIDC__CLIENT_ID: {{ $v.worklist.oidc.clientId | quote }}
COUNTERSIGN_WORKLIST__OIDC__ROLES_CLAIM: {{ $v.worklist.oidc.rolesClaim | quote }}
COUNTERSIGN_WORKLIST__OIDC__PRACTITIONER_CLAIM: {{ $v.worklist.oidc.practitionerClaim | quote }}
{{- end }}
{{- if $v.worklist.smart.issuers }}
COUNTERSIGN_WORKLIST__SMART__ISSUERS: {{ toJson $v.worklist.smart.issuers | quote }}
{{- with $v.worklist.smart.scope }}
COUNTERSIGN_WORKLIST__SMART__SCOPE: {{ . | quote }}
{{- end }}
{{- end }}
{{- with $v.worklist.api.issuer }}
COUNTERSIGN_WORKLIST__API_ISSUER: {{ . | quote }}
COUNTERSIGN_WORKLIST__API_JWKS_URL: {{ $v.worklist.api.jwksUrl | quote }}
COUNTERSIGN_WORKLIST__API_AUDIENCE: {{ $v.worklist.api.audience | quote }}
{{- end }}
COUNTERSIGN_HEALTH__HOST: 0.0.0.0
COUNTERSIGN_HEALTH__PORT: {{ $v.health.port | quote }}
COUNTERSIGN_TELEMETRY__LEVEL: {{ $v.telemetry.level | quote }}
COUNTERSIGN_TELEMETRY__OTLP_ENDPOINT: {{ $v.telemetry.otlpEndpoint | quote }}
{{- end -}}

{{/* Reports one worker reads at once: all workers together fill the model nodes, as the capacity planner sizes them. */}}
{{- define "countersign.concurrency" -}}
{{- $worker := .Values.worker -}}
{{- if $worker.concurrency -}}
{{- $worker.concurrency -}}
{{- else if .Values.sglang.enabled -}}
{{- $sizing := index (fromYaml (include "countersign.profile" .)) "sizing" -}}
{{- $slots := mul (int $sizing.slots) .Values.sglang.replicas -}}
{{- $pods := int (ternary $worker.autoscaling.maxReplicas $worker.replicas $worker.autoscaling.enabled) -}}
{{- min 512 (div (sub (add $slots $pods) 1) $pods) -}}
{{- else -}}
8
{{- end -}}
{{- end -}}

{{- define "countersign.databaseHost" -}}
{{- if .Values.trial.postgresql.enabled -}}
{{- include "countersign.name" (dict "root" . "component" "trial-postgresql") -}}
{{- else -}}
{{- .Values.database.host -}}
{{- end -}}
{{- end -}}

{{- define "countersign.databaseSslmode" -}}
{{- ternary "disable" .Values.database.sslmode .Values.trial.postgresql.enabled -}}
{{- end -}}

{{- define "countersign.brokerHost" -}}
{{- if .Values.trial.valkey.enabled -}}
{{- include "countersign.name" (dict "root" . "component" "trial-valkey") -}}
{{- else -}}
{{- .Values.broker.host -}}
{{- end -}}
{{- end -}}

{{- define "countersign.fhirUrl" -}}
{{- if .Values.trial.fhir.enabled -}}
{{- printf "http://%s:8080/fhir" (include "countersign.name" (dict "root" . "component" "trial-fhir")) -}}
{{- else -}}
{{- .Values.fhir.url -}}
{{- end -}}
{{- end -}}

{{/* Where the FHIR server reaches the subscriber: as said, by its Ingress, else by its Service. */}}
{{- define "countersign.notifyUrl" -}}
{{- if .Values.fhir.notifyUrl -}}
{{- .Values.fhir.notifyUrl -}}
{{- else if .Values.subscriber.ingress.enabled -}}
{{- printf "https://%s/" .Values.subscriber.ingress.host -}}
{{- else -}}
{{- printf "http://%s:%v/" (include "countersign.name" (dict "root" . "component" "subscriber")) .Values.subscriber.port -}}
{{- end -}}
{{- end -}}

{{/* Whether the FHIR server can reach a Service: it is the trial's, or its name is one of this cluster. */}}
{{- define "countersign.fhirInside" -}}
{{- $host := regexReplaceAll ":\\d+$" (urlParse (include "countersign.fhirUrl" .)).host "" -}}
{{- if or .Values.trial.fhir.enabled (not (contains "." $host)) (hasSuffix ".svc" $host) (hasSuffix ".cluster.local" $host) -}}true{{- end -}}
{{- end -}}

{{- define "countersign.publicUrl" -}}
{{- if .Values.worklist.publicUrl -}}
{{- .Values.worklist.publicUrl -}}
{{- else if .Values.worklist.ingress.enabled -}}
{{- printf "https://%s" .Values.worklist.ingress.host -}}
{{- else if .Values.worklist.gateway.enabled -}}
{{- printf "https://%s" (first .Values.worklist.gateway.hostnames) -}}
{{- end -}}
{{- end -}}

{{/* The engine that reads: the choice in values, else the model of this release, else the rules. */}}
{{- define "countersign.engine" -}}
{{- if .Values.reading.engine -}}
{{- .Values.reading.engine -}}
{{- else if .Values.sglang.enabled -}}
{{- .Values.sglang.profile -}}
{{- else -}}
rules
{{- end -}}
{{- end -}}
