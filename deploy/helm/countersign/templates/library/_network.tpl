{{/* Rules of the NetworkPolicies. Inside the release peers are pods; outside it they are named in values. */}}

{{/* (root, component) → the pods of one component */}}
{{- define "countersign.podPeer" -}}
- podSelector:
    matchLabels:
      {{- include "countersign.selector" . | nindent 6 }}
{{- end -}}

{{/* (root, peers, trial) → the peers of values, or the pods of a trial's own service */}}
{{- define "countersign.peers" -}}
{{- if and .trial (index .root.Values.trial .trial).enabled -}}
{{- include "countersign.podPeer" (dict "root" .root "component" (printf "trial-%s" .trial)) -}}
{{- else -}}
{{- toYaml .peers -}}
{{- end -}}
{{- end -}}

{{/* (root, peers, trial, port) → one egress rule; without peers any address, on that port alone */}}
{{- define "countersign.egressRule" -}}
- ports: [{port: {{ .port }}, protocol: TCP}]
  {{- $peers := include "countersign.peers" . }}
  {{- if ne $peers "[]" }}
  to:
    {{- $peers | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "countersign.testPeer" -}}
{{- include "countersign.podPeer" (dict "root" . "component" "test") -}}
{{- end -}}

{{- define "countersign.ingress.health" -}}
- ports: [{port: health, protocol: TCP}]
  from:
    {{- toYaml .Values.networkPolicy.prometheus | nindent 4 }}
    {{- include "countersign.testPeer" . | nindent 4 }}
{{- end -}}

{{- define "countersign.egress.dns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
{{- end -}}

{{- define "countersign.egress.database" -}}
{{- include "countersign.egressRule" (dict "root" . "peers" .Values.networkPolicy.database "trial" "postgresql" "port" .Values.database.port) -}}
{{- end -}}

{{- define "countersign.egress.broker" -}}
{{- include "countersign.egressRule" (dict "root" . "peers" .Values.networkPolicy.broker "trial" "valkey" "port" .Values.broker.port) -}}
{{- end -}}

{{/* (url) → its port */}}
{{- define "countersign.urlPort" -}}
{{- $url := urlParse . -}}
{{- if contains ":" $url.host -}}
{{- last (splitList ":" $url.host) -}}
{{- else -}}
{{- ternary "443" "80" (eq $url.scheme "https") -}}
{{- end -}}
{{- end -}}

{{/* The FHIR server, and the token endpoint beside it. */}}
{{- define "countersign.egress.fhir" -}}
{{- $url := include "countersign.fhirUrl" . -}}
{{- if $url -}}
{{- $args := dict "root" . "peers" .Values.networkPolicy.fhir "trial" "fhir" -}}
{{- include "countersign.egressRule" (set $args "port" (include "countersign.urlPort" $url)) -}}
{{- with .Values.fhir.smart.tokenUrl }}
{{ include "countersign.egressRule" (set $args "port" (include "countersign.urlPort" .)) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The model: pods of this release, and the engines of values. */}}
{{- define "countersign.egress.engines" -}}
{{- if .Values.sglang.enabled }}
- ports: [{port: 30000, protocol: TCP}]
  to:
    {{- include "countersign.podPeer" (dict "root" . "component" (ternary "router" "sglang" .Values.router.enabled)) | nindent 4 }}
{{- end }}
{{- range .Values.config.engines }}
{{ include "countersign.egressRule" (dict "root" $ "peers" $.Values.networkPolicy.engines "trial" "" "port" (include "countersign.urlPort" .url)) }}
{{- end }}
{{- end -}}

{{/* Receivers of webhooks, one rule a port. */}}
{{- define "countersign.egress.webhooks" -}}
{{- $rules := list -}}
{{- range $name, $hook := .Values.webhooks }}
{{- $rules = append $rules (include "countersign.egressRule" (dict "root" $ "peers" $.Values.networkPolicy.webhooks "trial" "" "port" (include "countersign.urlPort" $hook.url))) -}}
{{- end -}}
{{- uniq $rules | join "\n" -}}
{{- end -}}

{{- define "countersign.egress.oru" -}}
{{- with .Values.writeback.oru -}}
{{- include "countersign.egressRule" (dict "root" $ "peers" $.Values.networkPolicy.oru "trial" "" "port" (last (splitList ":" .))) -}}
{{- end -}}
{{- end -}}

{{/* Who says who people are: the login's provider, that of the APIs' tokens, and the EHRs that launch the worklist. */}}
{{- define "countersign.egress.identityProvider" -}}
{{- $v := .Values.worklist -}}
{{- $rules := list -}}
{{- range compact (list $v.oidc.issuer $v.api.issuer $v.api.jwksUrl) }}
{{- $rules = append $rules (include "countersign.egressRule" (dict "root" $ "peers" $.Values.networkPolicy.identityProvider "trial" "" "port" (include "countersign.urlPort" .))) -}}
{{- end -}}
{{- if $v.smart.issuers -}}
{{- range append (keys $v.smart.issuers | sortAlpha) "https://authorization" }}
{{- $rules = append $rules (include "countersign.egressRule" (dict "root" $ "peers" $.Values.networkPolicy.ehr "trial" "" "port" (include "countersign.urlPort" .))) -}}
{{- end -}}
{{- end -}}
{{- uniq $rules | join "\n" -}}
{{- end -}}

{{- define "countersign.egress.telemetry" -}}
{{- with .Values.telemetry.otlpEndpoint -}}
{{- include "countersign.egressRule" (dict "root" $ "peers" $.Values.networkPolicy.telemetry "trial" "" "port" (include "countersign.urlPort" .)) -}}
{{- end -}}
{{- end -}}
