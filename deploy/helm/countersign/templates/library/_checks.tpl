{{/* What a schema cannot say: values that must be there together. Each failure names the value and what to do. */}}
{{- define "countersign.checks" -}}
{{- $v := .Values -}}
{{- $production := eq $v.mode "production" -}}
{{- if not (has $v.writeback.preliminary (list "review-server" "ehr" "none")) -}}
{{- fail "writeback.preliminary is required: review-server, ehr or none. Read docs/fhir-operating.md before ehr." -}}
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
{{- if and $v.subscriber.enabled (ne $v.fhir.subscription "none") (not (include "countersign.fhirInside" .)) (not (or $v.fhir.notifyUrl $v.subscriber.ingress.enabled)) -}}
{{- fail "fhir.notifyUrl or subscriber.ingress.enabled is required: a FHIR server outside this cluster cannot reach the subscriber's Service. Or set fhir.subscription to none: reports are then found by polling alone." -}}
{{- end -}}
{{- if and $v.subscriber.ingress.enabled (not (and $v.subscriber.ingress.host $v.subscriber.ingress.tlsSecret)) -}}
{{- fail "subscriber.ingress.host and subscriber.ingress.tlsSecret are required with the ingress: notifications are never taken in the clear." -}}
{{- end -}}
{{- if and $v.subscriber.enabled (or $v.subscriber.autoscaling.enabled (gt (int $v.subscriber.replicas) 1)) (not (index (fromYaml (include "countersign.secretTable" .)) "notify").secret) -}}
{{- fail "fhir.notifySecret.existingSecret is required with more than one subscriber: each would make up a secret of its own and refuse the others' notifications." -}}
{{- end -}}
{{- if and $v.fhir.smart.clientId (not $v.fhir.smart.existingSecret) -}}
{{- fail "fhir.smart.existingSecret is required with fhir.smart.clientId: the private key that signs our assertions." -}}
{{- end -}}
{{- if and $v.trial.fhir.enabled (not $v.trial.postgresql.enabled) -}}
{{- fail "trial.fhir.enabled needs trial.postgresql.enabled: the FHIR server keeps its data there. Or set fhir.url." -}}
{{- end -}}
{{- if and $v.trust.existingConfigMap $v.trust.existingSecret -}}
{{- fail "trust.existingConfigMap and trust.existingSecret are both set: name one bundle." -}}
{{- end -}}
{{- $scaler := $v.worker.autoscaling -}}
{{- if and $v.worker.enabled $scaler.enabled (eq $scaler.type "keda") (not $scaler.sslmode) (hasPrefix "verify-" (include "countersign.databaseSslmode" .)) (or $v.database.ca.existingSecret (include "countersign.trusts" .)) -}}
{{- fail "worker.autoscaling.sslmode is required with keda and a CA of your own: KEDA asks the database from its own pod, which does not have that CA. Name it with the mode you want there: verify-full after KEDA was given the CA, or require." -}}
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
{{- if and (eq $v.sglang.weights.mode "download") (kindIs "invalid" $v.sglang.hold) .Release.IsInstall -}}
{{- fail "sglang.hold is required with weights.mode download: true first, so that the weights are fetched and no GPU is taken; false once the weights' Jobs are complete." -}}
{{- end -}}
{{- if and $v.sglang.hold (ne $v.sglang.weights.mode "download") -}}
{{- fail "sglang.hold is for weights.mode download: with existing weights there is nothing to wait for." -}}
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
