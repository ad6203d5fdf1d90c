{{/*
Who sets the number of pods. Pods go later than the longest way back of an activity that lost its worker, and then a tenth of
them, or one, in each such time.
*/}}

{{- define "temporal-worker.scaleDown" -}}
{{- $resume := int64 .worker.autoscaling.longestResumeSeconds -}}
scaleDown:
  stabilizationWindowSeconds: {{ min $resume 3600 }}
  selectPolicy: Max
  policies:
    - {type: Percent, value: 10, periodSeconds: {{ min $resume 1800 }}}
    - {type: Pods, value: 1, periodSeconds: {{ min $resume 1800 }}}
{{- end }}

{{/* In a WorkerResourceTemplate the controller fills in scaleTargetRef, and the version into the metrics' labels. */}}
{{- define "temporal-worker.hpaSpec" -}}
{{- $w := .worker -}}{{- $a := $w.autoscaling -}}{{- $namespace := .root.Values.connection.namespace -}}
{{- if $w.controller.enabled }}
scaleTargetRef: {}
{{- else }}
scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "temporal-worker.name" . }}}
{{- end }}
minReplicas: {{ $a.minReplicas }}
maxReplicas: {{ $a.maxReplicas }}
metrics:
  {{- with $a.hpa.cpu }}
  - type: Resource
    resource:
      name: cpu
      target: {type: Utilization, averageUtilization: {{ . }}}
  {{- end }}
  {{- with $a.hpa.slots }}
  {{- $slots := . }}
  {{- range $w.taskQueues }}
  - type: External
    external:
      metric:
        name: {{ $slots.metric | default "temporal_slot_utilization" }}
        selector:
          matchLabels:
            worker_type: {{ $slots.workerType | default "ActivityWorker" }}
            task_queue: {{ . | quote }}
            {{- /* With the controller, it adds the namespace, and the version. */}}
            {{- if not $w.controller.enabled }}
            temporal_namespace: {{ $namespace | quote }}
            {{- end }}
      {{- /* The share of all pods together: a value, not an average of pods. */}}
      target: {type: Value, value: {{ $slots.target | quote }}}
  {{- end }}
  {{- end }}
  {{- with $a.hpa.backlog }}
  {{- $backlog := . }}
  {{- range $w.taskQueues }}
  - type: External
    external:
      metric:
        name: {{ $backlog.metric | default "mainspring_task_queue_backlog" }}
        selector:
          matchLabels: {task_queue: {{ . | quote }}, temporal_namespace: {{ $namespace | quote }}}
      target: {type: AverageValue, averageValue: {{ $backlog.averageValue | quote }}}
  {{- end }}
  {{- end }}
  {{- range $a.hpa.external }}
  - type: External
    external:
      metric:
        name: {{ .metric }}
        {{- if or .labels $w.controller.enabled }}
        selector:
          matchLabels:
            {{- toYaml (.labels | default dict) | nindent 12 }}
        {{- end }}
      {{- if .averageValue }}
      target: {type: AverageValue, averageValue: {{ .averageValue | quote }}}
      {{- else }}
      target: {type: Value, value: {{ .value | quote }}}
      {{- end }}
  {{- end }}
behavior:
  {{- include "temporal-worker.scaleDown" . | nindent 2 }}
{{- end }}

{{- define "temporal-worker.hpa" -}}
{{- if .worker.controller.enabled -}}
apiVersion: temporal.io/v1alpha1
kind: WorkerResourceTemplate
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  workerDeploymentRef: {name: {{ include "temporal-worker.name" . }}}
  template:
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    spec:
      {{- include "temporal-worker.hpaSpec" . | trim | nindent 6 }}
{{- else -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  {{- include "temporal-worker.hpaSpec" . | trim | nindent 2 }}
{{- end }}
{{- end }}

{{- define "temporal-worker.scaledObject" -}}
{{- $w := .worker -}}{{- $a := $w.autoscaling -}}{{- $root := .root -}}{{- $c := .root.Values.connection -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "temporal-worker.name" . }}}
  minReplicaCount: {{ $a.minReplicas }}
  maxReplicaCount: {{ $a.maxReplicas }}
  pollingInterval: {{ $a.keda.pollingIntervalSeconds | default 30 }}
  {{- /* From one pod to none, which the HPA below knows nothing of. */}}
  cooldownPeriod: {{ $a.longestResumeSeconds }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "temporal-worker.scaleDown" . | nindent 8 }}
  triggers:
    {{- range $w.taskQueues }}
    - type: temporal
      metadata:
        endpoint: {{ $c.address | quote }}
        namespace: {{ $c.namespace | quote }}
        taskQueue: {{ . | quote }}
        targetQueueSize: {{ $a.keda.targetQueueSize | default 5 | int64 | quote }}
        activationTargetQueueSize: {{ $a.keda.activationTargetQueueSize | default 0 | int64 | quote }}
        queueTypes: {{ join "," ($a.keda.queueTypes | default (list "workflow" "activity")) | quote }}
        {{- if $a.keda.byVersion }}
        workerDeploymentName: {{ $w.versioning.deploymentName | quote }}
        workerDeploymentBuildId: {{ $w.versioning.buildId | quote }}
        {{- end }}
        {{- /* Where the last pod may go, a workflow that is under way keeps it. */}}
        {{- if and (eq (int $a.minReplicas) 0) (ne (toString $a.keda.runningWorkflows) "false") }}
        includeRunningWorkflowCount: "true"
        {{- end }}
        {{- with $c.tls.serverName }}
        tlsServerName: {{ . | quote }}
        {{- end }}
      {{- if or $c.tls.client.secret $c.apiKey.secret }}
      authenticationRef: {name: {{ include "temporal-worker.release" $ }}}
      {{- end }}
    {{- end }}
{{- end }}
