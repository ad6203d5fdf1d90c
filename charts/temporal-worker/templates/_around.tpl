{{/* What stands around a worker's pods: its account, its budget, its monitor, its network. */}}

{{- define "temporal-worker.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "temporal-worker.serviceAccount" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
  {{- with .worker.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: {{ .worker.serviceAccount.automountToken }}
{{- end }}

{{- define "temporal-worker.budget" -}}
{{- $b := .worker.podDisruptionBudget -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  {{- if not (kindIs "invalid" $b.minAvailable) }}
  minAvailable: {{ $b.minAvailable }}
  {{- else }}
  maxUnavailable: {{ $b.maxUnavailable }}
  {{- end }}
  {{- /* A pod that is not ready serves nobody, and must not hold up a node. */}}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "temporal-worker.selector" . | nindent 6 }}
{{- end }}

{{- define "temporal-worker.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  clusterIP: None
  selector:
    {{- include "temporal-worker.selector" . | nindent 4 }}
  ports:
    - {name: http, port: {{ .worker.http.port }}, targetPort: http, protocol: TCP}
{{- end }}

{{- define "temporal-worker.monitor" -}}
{{- $pods := eq .worker.metrics.monitor "podMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: {{ ternary "PodMonitor" "ServiceMonitor" $pods }}
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
    {{- with .worker.metrics.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "temporal-worker.selector" . | nindent 6 }}
  {{ ternary "podMetricsEndpoints" "endpoints" $pods }}:
    - {port: http, path: /metrics, interval: {{ .worker.metrics.interval }}}
{{- end }}

{{- define "temporal-worker.network" -}}
{{- $n := .worker.networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "temporal-worker.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "temporal-worker.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "temporal-worker.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- /* A worker is asked nothing but for its probes and metrics; the kubelet's own questions no policy stops. */}}
  {{- if $n.metricsFrom }}
  ingress:
    - from:
        {{- toYaml $n.metricsFrom | nindent 8 }}
      ports:
        - {port: http, protocol: TCP}
  {{- else }}
  ingress: []
  {{- end }}
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
    - ports:
        - {port: {{ .root.Values.connection.address | splitList ":" | last }}, protocol: TCP}
    {{- with $n.egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
