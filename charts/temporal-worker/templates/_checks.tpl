{{/*
Values that would not work do not render. Each message says where it is, what is wrong and what would be right. Kinds and
unknown keys are values.schema.json's to find; queues, binaries and settings `mainspring config check --chart-values`'s.
*/}}

{{- define "temporal-worker.checkConnection" -}}
{{- $c := .root.Values.connection -}}
{{- if not $c.address }}
{{- fail "connection.address is missing: write HOST:PORT, where Temporal's frontend is" }}
{{- end }}
{{- if not (regexMatch "^[^/]+:[0-9]+$" $c.address) }}
{{- fail (printf "connection.address is %q, which is not HOST:PORT: write it as temporal-frontend.temporal:7233" $c.address) }}
{{- end }}
{{- if and $c.tls.client.secret $c.apiKey.secret }}
{{- fail (printf "connection.tls.client.secret is %q and connection.apiKey.secret is %q: Temporal takes mTLS or an API key, keep one" $c.tls.client.secret $c.apiKey.secret) }}
{{- end }}
{{- if and (kindIs "bool" $c.tls.enabled) (not $c.tls.enabled) }}
{{- $parts := dict "tls.client.secret" $c.tls.client.secret "tls.ca.secret" $c.tls.ca.secret "tls.serverName" $c.tls.serverName "apiKey.secret" $c.apiKey.secret }}
{{- range $part, $given := $parts }}
{{- if $given }}{{ fail (printf "connection.tls.enabled is false, but connection.%s needs TLS: drop one or the other" $part) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the chart sets by itself, and by which value. */}}
{{- define "temporal-worker.owned" -}}
TEMPORAL_ADDRESS: connection.address
TEMPORAL_HOST: connection.address
TEMPORAL_PORT: connection.address
TEMPORAL_NAMESPACE: connection.namespace
TEMPORAL_API_KEY: connection.apiKey
TEMPORAL_API_KEY_FILE: connection.apiKey
MAINSPRING_API_KEY_FILE: connection.apiKey
TEMPORAL_TLS: connection.tls
TEMPORAL_TLS_SERVER_NAME: connection.tls.serverName
TEMPORAL_TLS_SERVER_CA_CERT_PATH: connection.tls.ca
TEMPORAL_TLS_SERVER_CA_CERT_DATA: connection.tls.ca
TEMPORAL_CLIENT_ROOT_CA: connection.tls.ca
TEMPORAL_TLS_CA: connection.tls.ca
TEMPORAL_TLS_CLIENT_CERT_PATH: connection.tls.client
TEMPORAL_TLS_CLIENT_CERT_DATA: connection.tls.client
TEMPORAL_TLS_CERT: connection.tls.client
TEMPORAL_CLIENT_CERT: connection.tls.client
TEMPORAL_TLS_CLIENT_KEY_PATH: connection.tls.client
TEMPORAL_TLS_CLIENT_KEY_DATA: connection.tls.client
TEMPORAL_TLS_KEY: connection.tls.client
TEMPORAL_CLIENT_KEY: connection.tls.client
TEMPORAL_SECRET_KEY: connection.keyring
TEMPORAL_FALLBACK_SECRET_KEYS: connection.keyring
TEMPORAL_TASK_QUEUE: taskQueues
TASK_QUEUE: taskQueues
GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: grace
MAX_CONCURRENT_WORKFLOW_TASKS: slots.workflowTasks
MAX_CONCURRENT_WORKFLOWS: slots.workflowTasks
MAX_CONCURRENT_ACTIVITIES: slots.activities
TARGET_MEMORY_USAGE: slots.targetMemory
TARGET_CPU_USAGE: slots.targetCpu
MAINSPRING_HTTP_ADDR: http
MAINSPRING_CONTROL_ADDR: http.controlPort
TEMPORAL_DEPLOYMENT_NAME: versioning.deploymentName
TEMPORAL_WORKER_BUILD_ID: versioning.buildId
MAINSPRING_VERSIONING: versioning.behavior
{{- end }}

{{/* Context: owned, names (a list) and at, the place in the values. */}}
{{- define "temporal-worker.checkNames" -}}
{{- $owned := .owned -}}{{- $at := .at -}}
{{- range .names }}
{{- if hasKey $owned . }}{{ fail (printf "%s.%s is set by the chart: set %s instead" $at . (get $owned .)) }}{{ end }}
{{- end }}
{{- end }}

{{- define "temporal-worker.checkWorker" -}}
{{- $w := .worker -}}{{- $at := printf "workers.%s" .name -}}{{- $full := include "temporal-worker.name" . -}}
{{- if gt (len $full) 47 }}
{{- fail (printf "%s: its name is %q with the release's, %d characters long, and pods need their own ending: 47 at most. Shorten the worker's name, or set fullnameOverride" $at $full (len $full)) }}
{{- end }}
{{- if and $w.binary (and $w.image $w.image.repository) }}
{{- fail (printf "%s has both binary (%q) and image.repository (%q): keep one" $at $w.binary $w.image.repository) }}
{{- end }}
{{- if not (or $w.binary (and $w.image $w.image.repository)) }}
{{- fail (printf "%s has neither binary nor image.repository: name the worker binary, such as general-purpose-worker, or a whole image" $at) }}
{{- end }}
{{- if not $w.taskQueues }}
{{- fail (printf "%s.taskQueues is missing: name the task queues that its binary polls" $at) }}
{{- end }}
{{- $pod := add $w.grace 5 }}
{{- if and (not (kindIs "invalid" $w.terminationGracePeriodSeconds)) (lt (int64 $w.terminationGracePeriodSeconds) (int64 $pod)) }}
{{- fail (printf "%s.terminationGracePeriodSeconds is %d, and the worker needs %d to leave: its grace of %d s, in which activities are told, cancelled 5 s before the end and every flush ends, and 5 s for the process. Leave it out, give it %d or more, or lower grace to %d" $at (int64 $w.terminationGracePeriodSeconds) (int64 $pod) (int64 $w.grace) (int64 $pod) (max 0 (sub (int64 $w.terminationGracePeriodSeconds) 5))) }}
{{- end }}
{{- $memory := not (kindIs "invalid" $w.slots.targetMemory) }}{{- $cpu := not (kindIs "invalid" $w.slots.targetCpu) }}
{{- if ne $memory $cpu }}
{{- fail (printf "%s.slots has one of targetMemory and targetCpu: slots by resources need both" $at) }}
{{- end }}
{{- if eq (int $w.http.port) (int $w.http.controlPort) }}
{{- fail (printf "%s.http.controlPort is %d, as http.port is: give it another, or 0" $at (int $w.http.port)) }}
{{- end }}
{{- $owned := include "temporal-worker.owned" . | fromYaml }}
{{- include "temporal-worker.checkNames" (dict "owned" $owned "names" (keys $w.env) "at" (printf "%s.env" $at)) }}
{{- include "temporal-worker.checkNames" (dict "owned" $owned "names" (keys $w.secretEnv) "at" (printf "%s.secretEnv" $at)) }}
{{- $extra := list }}
{{- range $w.extraEnv }}
{{- include "temporal-worker.checkNames" (dict "owned" $owned "names" (list .name) "at" (printf "%s.extraEnv" $at)) }}
{{- if has .name $extra }}{{ fail (printf "%s.extraEnv sets %s twice: keep one" $at .name) }}{{ end }}
{{- $extra = append $extra .name }}
{{- if regexMatch "^(MAINSPRING|TEMPORAL)_" .name }}
{{- fail (printf "%s.extraEnv has %s, which is a setting of the worker: set it under env or secretEnv, where it is checked" $at .name) }}
{{- end }}
{{- if or (hasKey $w.env .name) (hasKey $w.secretEnv .name) }}
{{- fail (printf "%s.extraEnv and its env or secretEnv both set %s: keep one" $at .name) }}
{{- end }}
{{- end }}
{{- range $name, $_ := $w.env }}
{{- if hasKey $w.secretEnv $name }}{{ fail (printf "%s.env and %s.secretEnv both set %s: keep one" $at $at $name) }}{{ end }}
{{- end }}
{{- $selector := include "temporal-worker.selector" . | fromYaml }}
{{- range $label, $_ := $w.podLabels }}
{{- if hasKey $selector $label }}{{ fail (printf "%s.podLabels has %s, by which the Deployment finds its pods: leave it out" $at $label) }}{{ end }}
{{- end }}
{{- include "temporal-worker.checkAutoscaling" . }}
{{- include "temporal-worker.checkVersions" . }}
{{- end }}

{{/* What a selector of metrics matches. Context: value, and at, what it is. */}}
{{- define "temporal-worker.checkLabel" -}}
{{- if or (gt (len .value) 63) (not (regexMatch "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" .value)) }}
{{- fail (printf "%s is %q, and a metric's label is matched as a label of Kubernetes: 63 letters, digits, -, _ and . at most, with a letter or digit at both ends. Use cpu, or an external metric of which Prometheus makes a series of its own" .at .value) }}
{{- end }}
{{- end }}

{{- define "temporal-worker.checkAutoscaling" -}}
{{- $w := .worker -}}{{- $a := $w.autoscaling -}}{{- $at := printf "workers.%s.autoscaling" .name -}}{{- $c := .root.Values.connection -}}
{{- if and $a.hpa $a.keda }}
{{- fail (printf "%s has both hpa and keda, which would set one number of pods against each other: keep one" $at) }}
{{- end }}
{{- if gt (int $a.minReplicas) (int $a.maxReplicas) }}
{{- fail (printf "%s.minReplicas is %d, more than maxReplicas, %d" $at (int $a.minReplicas) (int $a.maxReplicas)) }}
{{- end }}
{{- with $a.hpa }}
{{- if eq (int $a.minReplicas) 0 }}
{{- fail (printf "%s.minReplicas is 0, and an HPA keeps one pod at least: use keda, or write 1" $at) }}
{{- end }}
{{- if not (or .cpu .slots .backlog .external) }}
{{- fail (printf "%s.hpa measures nothing: give it cpu, slots, backlog or external" $at) }}
{{- end }}
{{- if and .backlog $w.controller.enabled }}
{{- fail (printf "%s.hpa.backlog counts the tasks of every version, and the worker controller scales each: use external, with the backlog that the server reports by version" $at) }}
{{- end }}
{{- $hpa := . }}
{{- range $part := list "slots" "backlog" }}
{{- if get $hpa $part }}
{{- range $queue := $w.taskQueues }}
{{- include "temporal-worker.checkLabel" (dict "value" $queue "at" (printf "%s.hpa.%s: the task queue" $at $part)) }}
{{- end }}
{{- if not $w.controller.enabled }}
{{- include "temporal-worker.checkLabel" (dict "value" $c.namespace "at" (printf "%s.hpa.%s: connection.namespace" $at $part)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $metric := .external }}
{{- range $label, $value := $metric.labels }}
{{- include "temporal-worker.checkLabel" (dict "value" $value "at" (printf "%s.hpa.external: metric %s: its label %s" $at $metric.metric $label)) }}
{{- end }}
{{- end }}
{{- range .external }}
{{- if eq (empty .value) (empty .averageValue) }}
{{- fail (printf "%s.hpa.external: metric %s takes value or averageValue, one of them" $at .metric) }}
{{- end }}
{{- end }}
{{- end }}
{{- with $a.keda }}
{{- if $w.controller.enabled }}
{{- fail (printf "%s.keda: this chart does not support it with the worker controller: use hpa, or leave both out and write a WorkerResourceTemplate of your own" $at) }}
{{- end }}
{{- if and .byVersion (not (and $w.versioning.deploymentName $w.versioning.buildId)) }}
{{- fail (printf "%s.keda.byVersion needs the version: set versioning.deploymentName and versioning.buildId" $at) }}
{{- end }}
{{- if and .byVersion (eq (int $a.minReplicas) 0) }}
{{- fail (printf "%s.minReplicas is 0 with keda.byVersion: the server learns of a version from its first pod, so a version that is deployed while nothing runs would never get one. Write minReplicas 1, or leave byVersion out" $at) }}
{{- end }}
{{- if and (eq (include "temporal-worker.tls" $) "true") (not (or $c.tls.client.secret $c.apiKey.secret)) }}
{{- fail (printf "%s.keda: KEDA's scaler speaks TLS only with a client's certificate or an API key, and connection has neither: give it one, or use hpa" $at) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "temporal-worker.checkVersions" -}}
{{- $w := .worker -}}{{- $at := printf "workers.%s" .name -}}{{- $v := $w.versioning -}}{{- $c := .root.Values.connection -}}
{{- if $w.controller.enabled }}
{{- if or (ne $v.behavior "off") $v.deploymentName $v.buildId }}
{{- fail (printf "%s.versioning and controller.enabled are both set: the worker controller names deployment and version itself. Leave versioning out, and set controller.versioning" $at) }}
{{- end }}
{{- if and (eq $w.controller.rollout.strategy "Progressive") (not $w.controller.rollout.steps) }}
{{- fail (printf "%s.controller.rollout: Progressive needs steps" $at) }}
{{- end }}
{{- if and $c.tls.client.secret (or (ne $c.tls.client.certKey "tls.crt") (ne $c.tls.client.keyKey "tls.key")) }}
{{- fail (printf "%s.controller: the worker controller reads a secret of type kubernetes.io/tls, with tls.crt and tls.key, and connection.tls.client names other keys" $at) }}
{{- end }}
{{- if not $w.controller.connection }}
{{- if and $c.tls.ca.secret (not $c.tls.client.secret) }}
{{- fail (printf "%s.controller: the worker controller takes a CA only beside a client's certificate, and connection.tls.ca stands alone: set connection.tls.client, give the controller's own pod the CA and set controller.connection, or drop connection.tls.ca" $at) }}
{{- end }}
{{- if and $c.tls.ca.secret (or (ne $c.tls.ca.secret $c.tls.client.secret) (ne $c.tls.ca.key "ca.crt")) }}
{{- fail (printf "%s.controller: the worker controller takes the CA from ca.crt of the client's secret, and connection.tls.ca is %s of %s: put it under ca.crt of %s" $at $c.tls.ca.key $c.tls.ca.secret $c.tls.client.secret) }}
{{- end }}
{{- if and (eq (include "temporal-worker.tls" $) "true") (not (or $c.tls.serverName $c.tls.client.secret $c.apiKey.secret)) }}
{{- fail (printf "%s.controller: connection.tls.enabled alone is nothing that the worker controller can be told, and it would speak plain text: set connection.tls.serverName" $at) }}
{{- end }}
{{- end }}
{{- else }}
{{- if and (ne $v.behavior "off") (not (and $v.deploymentName $v.buildId)) }}
{{- fail (printf "%s.versioning.behavior is %s, which needs versioning.deploymentName and versioning.buildId" $at $v.behavior) }}
{{- end }}
{{- end }}
{{- end }}
