{{/* (image, mode) → reference. Production takes a digest only: a tag can change under a running hospital. */}}
{{- define "countersign.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository .image.tag -}}
{{- end -}}
{{- end -}}
