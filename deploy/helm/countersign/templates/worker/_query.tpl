{{/* Jobs that want a worker now or have one. */}}
{{- define "countersign.queueQuery" -}}
SELECT count(*) FROM job WHERE state IN ('ready', 'leased')
{{- end -}}
