{{/* The files of COUNTERSIGN_CONFIG_DIR, as ConfigMap data; a file that is not given is not there. */}}
{{- define "countersign.configFiles" -}}
{{- $engines := fromYamlArray (include "countersign.engines" .) -}}
{{- if $engines }}
engines.yaml: |
  engines:
    {{- toYaml $engines | nindent 4 }}
{{- end }}
{{- with .Values.config.senders }}
senders.yaml: |
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $name, $text := .Values.config.catalogue }}
catalogue.{{ $name }}: |
  {{- $text | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where each of them is put. */}}
{{- define "countersign.configItems" -}}
{{- if fromYamlArray (include "countersign.engines" .) }}
- {key: engines.yaml, path: engines.yaml}
{{- end }}
{{- with .Values.config.senders }}
- {key: senders.yaml, path: senders.yaml}
{{- end }}
{{- range $name, $_ := .Values.config.catalogue }}
- {key: {{ printf "catalogue.%s" $name }}, path: {{ printf "catalogue/%s" $name }}}
{{- end }}
{{- end -}}

{{/* The engines of values, and the model server of this release under its profile's name. */}}
{{- define "countersign.engines" -}}
{{- $engines := .Values.config.engines -}}
{{- if .Values.sglang.enabled -}}
{{- $engine := dict "name" .Values.sglang.profile "url" (include "countersign.modelUrl" .) "local" true -}}
{{- $engine = merge $engine (fromYaml (include "countersign.profile" .)).engine -}}
{{- if .Values.sglang.apiKey.existingSecret -}}
{{- $_ := set $engine "api_key_file" "/run/secrets/countersign/model" -}}
{{- end -}}
{{- $engines = append $engines (mergeOverwrite $engine .Values.sglang.engine) -}}
{{- end -}}
{{- toYaml $engines -}}
{{- end -}}

{{- define "countersign.modelUrl" -}}
{{- $component := ternary "router" "sglang" .Values.router.enabled -}}
{{- printf "http://%s:30000/v1" (include "countersign.name" (dict "root" . "component" $component)) -}}
{{- end -}}
