{{/* The pod of a worker: the same in a Deployment and in a WorkerDeployment. */}}

{{- define "temporal-worker.env" -}}
{{- $w := .worker -}}{{- $controlled := $w.controller.enabled -}}
{{- include "temporal-worker.connectionEnv" (dict "root" .root "controlled" $controlled) }}
{{- if eq (len $w.taskQueues) 1 }}
- {name: TEMPORAL_TASK_QUEUE, value: {{ first $w.taskQueues | quote }}}
{{- end }}
- {name: GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS, value: {{ int64 $w.grace | quote }}}
{{- if kindIs "invalid" $w.slots.targetMemory }}
- {name: MAX_CONCURRENT_WORKFLOW_TASKS, value: {{ int64 $w.slots.workflowTasks | quote }}}
- {name: MAX_CONCURRENT_ACTIVITIES, value: {{ int64 $w.slots.activities | quote }}}
{{- else }}
- {name: TARGET_MEMORY_USAGE, value: {{ $w.slots.targetMemory | quote }}}
- {name: TARGET_CPU_USAGE, value: {{ $w.slots.targetCpu | quote }}}
{{- end }}
- {name: MAINSPRING_HTTP_ADDR, value: {{ printf "%s:%d" $w.http.address (int $w.http.port) | quote }}}
{{- if $w.http.controlPort }}
- {name: MAINSPRING_CONTROL_ADDR, value: {{ printf "127.0.0.1:%d" (int $w.http.controlPort) | quote }}}
{{- end }}
{{- with $w.autoscaling.hpa }}
{{- if and .backlog (not (hasKey $w.env "MAINSPRING_BACKLOG_INTERVAL")) (not (hasKey $w.secretEnv "MAINSPRING_BACKLOG_INTERVAL")) }}
- {name: MAINSPRING_BACKLOG_INTERVAL, value: 15s}
{{- end }}
{{- end }}
{{- if $controlled }}
- {name: MAINSPRING_VERSIONING, value: {{ $w.controller.versioning | quote }}}
{{- else }}
{{- with $w.versioning.deploymentName }}
- {name: TEMPORAL_DEPLOYMENT_NAME, value: {{ . | quote }}}
{{- end }}
{{- with $w.versioning.buildId }}
- {name: TEMPORAL_WORKER_BUILD_ID, value: {{ . | quote }}}
{{- end }}
{{- if ne $w.versioning.behavior "off" }}
- {name: MAINSPRING_VERSIONING, value: {{ $w.versioning.behavior | quote }}}
{{- end }}
{{- end }}
{{- $env := $w.env }}
{{- if $controlled }}{{/* Each version keeps what it was deployed with. */}}
{{- $env = merge (deepCopy $w.env) .root.Values.config }}
{{- /* Of one name there is one variable: the worker's own, or the secret's. */}}
{{- range $name := concat (keys $w.secretEnv) (keys .root.Values.secrets) }}
{{- if not (hasKey $w.env $name) }}{{ $env = omit $env $name }}{{ end }}
{{- end }}
{{- range $w.extraEnv }}{{ $env = omit $env .name }}{{ end }}
{{- end }}
{{- range $name, $value := $env }}
- {name: {{ $name }}, value: {{ include "temporal-worker.text" $value | quote }}}
{{- end }}
{{- range $name, $from := $w.secretEnv }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $from.secret | quote }}, key: {{ $from.key | quote }}}}
{{- end }}
{{- with $w.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "temporal-worker.probe" -}}
httpGet: {path: {{ .path }}, port: http}
periodSeconds: {{ .probe.periodSeconds }}
timeoutSeconds: {{ .probe.timeoutSeconds }}
failureThreshold: {{ .probe.failureThreshold }}
{{- end }}

{{- define "temporal-worker.podAnnotations" -}}
{{- $w := .worker -}}
mainspring.rs/task-queues: {{ join "," $w.taskQueues | quote }}
{{- if and .root.Values.config (not $w.controller.enabled) }}
checksum/config: {{ toJson .root.Values.config | sha256sum }}
{{- end }}
{{- with .root.Values.secrets }}
checksum/secrets: {{ toJson . | sha256sum }}
{{- end }}
{{- if eq $w.metrics.monitor "annotations" }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ $w.http.port | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- with $w.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "temporal-worker.pod" -}}
{{- $w := .worker -}}{{- $controlled := $w.controller.enabled -}}{{- $root := .root -}}
{{- $connection := dict "root" .root "controlled" $controlled -}}
metadata:
  {{- /* No version of the chart among them: it would roll the pods. */}}
  labels:
    {{- include "temporal-worker.selector" . | nindent 4 }}
    {{- with $w.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- include "temporal-worker.podAnnotations" . | nindent 4 }}
spec:
  serviceAccountName: {{ include "temporal-worker.serviceAccount" . }}
  automountServiceAccountToken: {{ $w.serviceAccount.automountToken }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- /* The worker's own sum (DESIGN, invariant 2): the grace, and 5 s. */}}
  terminationGracePeriodSeconds: {{ $w.terminationGracePeriodSeconds | default (add $w.grace 5) | int64 }}
  {{- /* Names of services would come as TEMPORAL_PORT and the like. */}}
  enableServiceLinks: false
  securityContext:
    {{- include "temporal-worker.podSecurity" $w.runAs | nindent 4 }}
  {{- with $w.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: worker
      image: {{ include "temporal-worker.image" (dict "root" $root "at" (printf "workers.%s" .name) "image" ($w.image | default dict) "repository" (ternary (printf "%s/%s" $root.Values.image.registry $w.binary) (($w.image | default dict).repository) (not (empty $w.binary)))) | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      {{- if $w.command }}
      command:
        {{- toYaml $w.command | nindent 8 }}
      {{- else if $w.binary }}
      command: [{{ printf "/usr/local/bin/%s" $w.binary | quote }}]
      {{- end }}
      env:
        {{- include "temporal-worker.env" . | trim | nindent 8 }}
      {{- if or (and $root.Values.config (not $controlled)) $root.Values.secrets }}
      envFrom:
        {{- if and $root.Values.config (not $controlled) }}
        - configMapRef: {name: {{ include "temporal-worker.release" . }}-config}
        {{- end }}
        {{- if $root.Values.secrets }}
        - secretRef: {name: {{ include "temporal-worker.release" . }}-secrets}
        {{- end }}
      {{- end }}
      ports:
        - {name: http, containerPort: {{ $w.http.port }}, protocol: TCP}
      startupProbe:
        {{- include "temporal-worker.probe" (dict "path" "/livez" "probe" $w.probes.startup) | nindent 8 }}
      livenessProbe:
        {{- include "temporal-worker.probe" (dict "path" "/livez" "probe" $w.probes.liveness) | nindent 8 }}
      readinessProbe:
        {{- include "temporal-worker.probe" (dict "path" "/readyz" "probe" $w.probes.readiness) | nindent 8 }}
      resources:
        {{- toYaml $w.resources | nindent 8 }}
      securityContext:
        {{- include "temporal-worker.containerSecurity" . | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
      {{- $mounts := include "temporal-worker.connectionMounts" $connection | trim }}
      {{- if or $mounts $w.tmp.sizeLimit $w.extraVolumeMounts }}
      volumeMounts:
        {{- with $mounts }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- if $w.tmp.sizeLimit }}
        - {name: tmp, mountPath: /tmp}
        {{- end }}
        {{- with $w.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
  {{- $volumes := include "temporal-worker.connectionVolumes" $connection | trim }}
  {{- if or $volumes $w.tmp.sizeLimit $w.extraVolumes }}
  volumes:
    {{- with $volumes }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $w.tmp.sizeLimit }}
    - {name: tmp, emptyDir: {sizeLimit: {{ . | quote }}}}
    {{- end }}
    {{- with $w.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- with $w.topologySpread }}
  topologySpreadConstraints:
    {{- range . }}
    - topologyKey: {{ .topologyKey }}
      maxSkew: {{ .maxSkew | default 1 }}
      whenUnsatisfiable: {{ .whenUnsatisfiable | default "ScheduleAnyway" }}
      labelSelector:
        matchLabels:
          {{- include "temporal-worker.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with $w.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $w.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $w.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The restricted profile of Kubernetes' pod security standards. */}}
{{- define "temporal-worker.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .group }}
fsGroup: {{ .fsGroup }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "temporal-worker.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
