{{/*
Names and labels. Each template takes the context of one worker: root (the chart's own), name (of the worker), worker (its
values over the defaults).
*/}}

{{- define "temporal-worker.release" -}}
{{- default .root.Release.Name .root.Values.fullnameOverride -}}
{{- end }}

{{/*
Puts the worker into the context: what it was given (given) over the defaults. A null takes a default away, which a merge by
itself would keep; a scaler without a word, such as `keda: {}`, is a scaler.
*/}}
{{- define "temporal-worker.merge" -}}
{{- $given := deepCopy (.given | default dict) -}}
{{- $worker := mergeOverwrite (deepCopy .root.Values.defaults) $given -}}
{{- $own := $given.autoscaling | default dict -}}
{{- range $scaler := list "hpa" "keda" -}}
{{- if and (hasKey $own $scaler) (kindIs "invalid" (get $own $scaler)) -}}
{{- $_ := set $worker.autoscaling $scaler nil -}}
{{- else if eq (toJson (get $worker.autoscaling $scaler)) "{}" -}}
{{- $_ := set $worker.autoscaling $scaler (dict "given" true) -}}
{{- end -}}
{{- end -}}
{{- $_ := set . "worker" $worker -}}
{{- end }}

{{/* The name of everything that is the worker's: the release's and its own; a release of one name with it says it once. */}}
{{- define "temporal-worker.name" -}}
{{- $release := include "temporal-worker.release" . -}}
{{- if eq $release .name }}{{ .name }}{{ else }}{{ printf "%s-%s" $release .name }}{{ end -}}
{{- end }}

{{- define "temporal-worker.releaseLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
app.kubernetes.io/part-of: {{ include "temporal-worker.release" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* What selects the worker's pods: it never changes. */}}
{{- define "temporal-worker.selector" -}}
app.kubernetes.io/name: temporal-worker
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "temporal-worker.labels" -}}
{{ include "temporal-worker.selector" . }}
{{ include "temporal-worker.releaseLabels" . }}
{{- end }}

{{/* Of an image given as repository, tag and digest. */}}
{{- define "temporal-worker.image" -}}
{{- if .image.digest -}}
{{ .repository }}@{{ .image.digest }}
{{- else -}}
{{ .repository }}:{{ .image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "temporal-worker.serviceAccount" -}}
{{- $account := .worker.serviceAccount -}}
{{- if $account.name }}{{ $account.name }}{{ else if $account.create }}{{ include "temporal-worker.name" . }}{{ else }}default{{ end -}}
{{- end }}

{{/* A whole number of a values file is a float to Helm, and would be written as 1e+06. */}}
{{- define "temporal-worker.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}
