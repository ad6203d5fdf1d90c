{{/* What runs the pods: a Deployment, or a WorkerDeployment of Temporal's worker controller. */}}

{{- define "temporal-worker.deployment" -}}
{{- $w := .worker -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  {{- if not (or $w.autoscaling.hpa $w.autoscaling.keda) }}
  replicas: {{ int64 $w.replicas }}
  {{- end }}
  minReadySeconds: {{ int64 $w.minReadySeconds }}
  progressDeadlineSeconds: {{ int64 $w.progressDeadlineSeconds }}
  revisionHistoryLimit: {{ int64 $w.revisionHistoryLimit }}
  selector:
    matchLabels:
      {{- include "temporal-worker.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: {{ $w.strategy.maxSurge }}, maxUnavailable: {{ $w.strategy.maxUnavailable }}}
  template:
    {{- include "temporal-worker.pod" . | nindent 4 }}
{{- end }}

{{- define "temporal-worker.workerDeployment" -}}
{{- $w := .worker -}}{{- $c := $w.controller -}}
apiVersion: temporal.io/v1alpha1
kind: WorkerDeployment
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  {{- if not $w.autoscaling.hpa }}
  replicas: {{ int64 $w.replicas }}
  {{- end }}
  minReadySeconds: {{ int64 $w.minReadySeconds }}
  progressDeadlineSeconds: {{ int64 $w.progressDeadlineSeconds }}
  workerOptions:
    connectionRef: {name: {{ $c.connection | default (include "temporal-worker.release" .) }}}
    temporalNamespace: {{ .root.Values.connection.namespace | quote }}
  rollout:
    strategy: {{ $c.rollout.strategy }}
    {{- if eq $c.rollout.strategy "Progressive" }}
    steps:
      {{- range $c.rollout.steps }}
      - {rampPercentage: {{ .rampPercentage }}, pauseDuration: {{ .pauseDuration }}}
      {{- end }}
    {{- end }}
    {{- if $c.gate.enabled }}
    gate:
      {{- /* The workflow that every worker binary has. */}}
      workflowType: mainspring-replay-gate
      input:
        newest: {{ $c.gate.newest }}
        {{- with $c.gate.query }}
        query: {{ . | quote }}
        {{- end }}
    {{- end }}
  sunset: {scaledownDelay: {{ $c.sunset.scaledownDelay }}, deleteDelay: {{ $c.sunset.deleteDelay }}}
  template:
    {{- include "temporal-worker.pod" . | nindent 4 }}
{{- end }}
