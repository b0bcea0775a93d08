{{/*
A pod of one of our processes. Arguments: root, component, values (the component's own), and those of
countersign.container. A process waits by itself for PostgreSQL and for the schema, and is not ready until then.
Service links are off: Kubernetes would otherwise put COUNTERSIGN_…_PORT variables of our own Services into every
container, and a process refuses to start with a COUNTERSIGN_ variable it does not know.
*/}}
{{- define "countersign.pod" -}}
{{- include "countersign.checks" .root -}}
{{- $v := .root.Values -}}
metadata:
  labels:
    {{- include "countersign.labels" . | nindent 4 }}
    {{- if .liveness }}
    countersign.io/process: "true"
    {{- end }}
    {{- with $v.pods.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "countersign.checksum" .root }}
    {{- with $v.pods.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "countersign.serviceAccount" .root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $v.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    {{- include "countersign.podSecurity" $v.security | nindent 4 }}
  terminationGracePeriodSeconds: {{ default 45 .values.terminationGracePeriodSeconds }}
  {{- with $v.pods.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with default $v.pods.nodeSelector .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with default $v.pods.tolerations .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with default $v.pods.affinity .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- range $v.pods.topologyKeys }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "countersign.selector" $ | nindent 10 }}
    {{- end }}
  containers:
    - name: {{ .component }}
      {{- include "countersign.container" (set . "resources" .values.resources) | nindent 6 }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
    - name: config
      configMap:
        name: {{ include "countersign.name" (dict "root" .root "component" "config") }}
        items:
          {{- include "countersign.configItems" .root | nindent 10 }}
    - name: secrets
      projected:
        defaultMode: 288  # 0440
        sources:
          {{- include "countersign.secretSources" . | nindent 10 }}
    {{- if .engineKeys }}
    - name: engine-keys
      secret:
        secretName: {{ .engineKeys }}
        defaultMode: 288  # 0440
    {{- end }}
    {{- if .webhookKeys }}
    - name: webhook-keys
      secret:
        secretName: {{ .webhookKeys }}
        defaultMode: 288  # 0440
    {{- end }}
    {{- include "countersign.trustVolume" .root | nindent 4 }}
    {{- include "countersign.extraVolumes" . | nindent 4 }}
{{- end -}}

{{/* A container of our image: root, command, secrets, ports (name → number), liveness (path),
settings (of this process alone), user, resources, engineKeys, webhookKeys. */}}
{{- define "countersign.container" -}}
{{- $v := .root.Values -}}
image: {{ include "countersign.image" (dict "image" $v.image) }}
imagePullPolicy: {{ $v.image.pullPolicy }}
args: {{ toJson (concat .command (default list .values.extraArgs)) }}
securityContext:
  {{- include "countersign.containerSecurity" . | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "countersign.name" (dict "root" .root "component" "settings") }}
env:
  {{- with .user }}
  - name: COUNTERSIGN_DATABASE__USER
    value: {{ . | quote }}
  {{- end }}
  {{- range $name, $value := .settings }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  {{- include "countersign.trustEnv" .root | nindent 2 }}
  {{- include "countersign.secretEnv" . | nindent 2 }}
  {{- include "countersign.extraEnv" . | nindent 2 }}
{{- if .ports }}
ports:
  {{- range $name, $port := .ports }}
  - name: {{ $name }}
    containerPort: {{ $port }}
    protocol: TCP
  {{- end }}
{{- end }}
{{- if .liveness }}
startupProbe:
  httpGet: {path: /live, port: health}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  httpGet: {path: {{ .liveness }}, port: health}
  periodSeconds: 8
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /ready, port: health}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}
{{- with .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  - name: config
    mountPath: /etc/countersign
    readOnly: true
  - name: secrets
    mountPath: /run/secrets/countersign
    readOnly: true
  {{- if .engineKeys }}
  - name: engine-keys
    mountPath: /run/secrets/engines
    readOnly: true
  {{- end }}
  {{- if .webhookKeys }}
  - name: webhook-keys
    mountPath: /run/secrets/webhooks
    readOnly: true
  {{- end }}
  {{- include "countersign.trustMount" .root | nindent 2 }}
  {{- include "countersign.extraVolumeMounts" . | nindent 2 }}
{{- end -}}

{{/* A Deployment of one of our processes; arguments as countersign.pod. */}}
{{- define "countersign.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "countersign.metadata" . | nindent 2 }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels:
      {{- include "countersign.selector" . | nindent 6 }}
  template:
    {{- $usual := dict "liveness" "/live" "command" (list .component) "settings" .values.settings }}
    {{- include "countersign.pod" (merge . $usual) | nindent 4 }}
{{- end -}}

{{- define "countersign.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "countersign.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "countersign.selector" . | nindent 6 }}
{{- end -}}

{{- define "countersign.hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "countersign.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "countersign.name" . }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .values.autoscaling.cpuPercent }}
{{- end -}}

{{- define "countersign.serviceAccount" -}}
{{- default (include "countersign.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* A change of any setting or configuration file restarts the processes. */}}
{{- define "countersign.checksum" -}}
{{- printf "%s%s" (include "countersign.settings" .) (include "countersign.configFiles" .) | sha256sum -}}
{{- end -}}
