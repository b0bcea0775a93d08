{{/* Names and labels. Every name is <fullname>-<component>, at most 63 characters with its longest suffix. */}}
{{- define "countersign.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* (root, component) → name of that component's objects */}}
{{- define "countersign.name" -}}
{{- printf "%s-%s" (include "countersign.fullname" .root) .component -}}
{{- end -}}

{{/* (root, component) → labels a selector may use; they never change in an upgrade */}}
{{- define "countersign.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "countersign.labels" -}}
{{ include "countersign.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: countersign
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* (root, component) → metadata of an object named after its component */}}
{{- define "countersign.metadata" -}}
name: {{ include "countersign.name" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "countersign.labels" . | nindent 2 }}
{{- end -}}

{{/* Names of the processes that run, in the order a report meets them */}}
{{- define "countersign.processes" -}}
{{- $names := list -}}
{{- range list "listener" "subscriber" "relay" "worker" "sender" "worklist" -}}
{{- if (index $.Values .).enabled -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
{{- join " " $names -}}
{{- end -}}
