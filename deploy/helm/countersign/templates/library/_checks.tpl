{{/* What a schema cannot say: values that must be there together. Each failure names the value and what to do. */}}
{{- define "countersign.checks" -}}
{{- $v := .Values -}}
{{- $production := eq $v.mode "production" -}}
{{- if not (has $v.writeback.preliminary (list "review-server" "ehr" "none")) -}}
{{- fail "writeback.preliminary is required: review-server, ehr or none. Read docs/fhir.md before ehr." -}}
{{- end -}}
{{- if not $v.image.repository -}}
{{- fail "image.repository is required: where your registry holds the countersign image." -}}
{{- end -}}
{{- if $production -}}
{{- range $name, $image := dict "image" $v.image "sglang.image" (ternary $v.sglang.image (dict "digest" "-") $v.sglang.enabled) "router.image" (ternary $v.router.image (dict "digest" "-") $v.router.enabled) -}}
{{- if not $image.digest -}}
{{- fail (printf "%s.digest is required in production: the sha256 of the image you tested." $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $part := $v.trial -}}
{{- if $part.enabled -}}
{{- fail (printf "trial.%s is for trials: it has no backup. Set mode to trial, or point to your own service." $name) -}}
{{- end -}}
{{- end -}}
{{- if and $v.config.engines (not $v.networkPolicy.engines) -}}
{{- fail "networkPolicy.engines is required with config.engines in production: reports go there, so name the addresses." -}}
{{- end -}}
{{- if and $v.listener.enabled (not $v.listener.service.sourceRanges) -}}
{{- fail "listener.service.sourceRanges is required in production: the addresses of your interface engines." -}}
{{- end -}}
{{- if and $v.sglang.enabled (not $v.sglang.apiKey.existingSecret) -}}
{{- fail "sglang.apiKey.existingSecret is required in production." -}}
{{- end -}}
{{- else if not (or $v.image.digest $v.image.tag) -}}
{{- fail "image.tag or image.digest is required." -}}
{{- end -}}
{{- if not (include "countersign.databaseHost" .) -}}
{{- fail "database.host is required, or trial.postgresql.enabled for a trial." -}}
{{- end -}}
{{- if not (index (fromYaml (include "countersign.secretTable" .)) "database").secret -}}
{{- fail "database.existingSecret.name is required: a Secret with the password of the database role." -}}
{{- end -}}
{{- if not (include "countersign.brokerHost" .) -}}
{{- fail "broker.host is required, or trial.valkey.enabled for a trial." -}}
{{- end -}}
{{- if and $v.subscriber.enabled (not (include "countersign.fhirUrl" .)) -}}
{{- fail "fhir.url is required while subscriber.enabled; set subscriber.enabled to false for HL7 v2 only." -}}
{{- end -}}
{{- if not (or $v.listener.enabled $v.subscriber.enabled) -}}
{{- fail "listener and subscriber are both off: no report could come in." -}}
{{- end -}}
{{- if and (ne $v.writeback.preliminary "none") (not (include "countersign.fhirUrl" .)) -}}
{{- fail "writeback.preliminary needs fhir.url; without a FHIR server it is none." -}}
{{- end -}}
{{- if $v.sglang.enabled -}}
{{- if not (regexMatch "^[0-9a-f]{40}$" $v.sglang.revision) -}}
{{- fail "sglang.revision is required: the 40-digit commit of the model repository you tested." -}}
{{- end -}}
{{- if and (eq $v.sglang.weights.mode "existing") (not $v.sglang.weights.existingClaim) -}}
{{- fail "sglang.weights.existingClaim is required with weights.mode existing." -}}
{{- end -}}
{{- end -}}
{{- if and $v.router.enabled (not $v.sglang.enabled) -}}
{{- fail "router.enabled needs sglang.enabled: it balances over the model nodes of this release." -}}
{{- end -}}
{{- if and (gt (int $v.sglang.replicas) 1) $v.sglang.enabled (not $v.router.enabled) -}}
{{- fail "router.enabled is required with more than one model node: a plain Service would scatter the prefix cache." -}}
{{- end -}}
{{- if and $v.worklist.ingress.enabled (not (and $v.worklist.ingress.host $v.worklist.ingress.tlsSecret)) -}}
{{- fail "worklist.ingress.host and worklist.ingress.tlsSecret are required with the ingress: the worklist is never served in the clear." -}}
{{- end -}}
{{- end -}}
