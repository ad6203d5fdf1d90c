{{/*
How a pod reaches Temporal: variables, and secrets mounted as files, which a worker reads again when they change. Context:
root, and controlled: whether Temporal's worker controller gives address, namespace, client certificate and API key. What it
gives is never set here.
*/}}

{{- define "temporal-worker.tls" -}}
{{- $c := .root.Values.connection -}}
{{- if kindIs "bool" $c.tls.enabled -}}
{{ $c.tls.enabled }}
{{- else if or $c.tls.serverName $c.tls.ca.secret $c.tls.client.secret $c.apiKey.secret -}}
true
{{- else -}}
false
{{- end -}}
{{- end }}

{{- define "temporal-worker.connectionEnv" -}}
{{- $c := .root.Values.connection -}}
{{- if not .controlled }}
- {name: TEMPORAL_ADDRESS, value: {{ $c.address | quote }}}
- {name: TEMPORAL_NAMESPACE, value: {{ $c.namespace | quote }}}
- {name: TEMPORAL_TLS, value: {{ include "temporal-worker.tls" . | quote }}}
{{- with $c.tls.serverName }}
- {name: TEMPORAL_TLS_SERVER_NAME, value: {{ . | quote }}}
{{- end }}
{{- with $c.tls.client.secret }}
- {name: TEMPORAL_TLS_CLIENT_CERT_PATH, value: {{ printf "/etc/mainspring/client/%s" $c.tls.client.certKey | quote }}}
- {name: TEMPORAL_TLS_CLIENT_KEY_PATH, value: {{ printf "/etc/mainspring/client/%s" $c.tls.client.keyKey | quote }}}
{{- end }}
{{- with $c.apiKey.secret }}
- {name: MAINSPRING_API_KEY_FILE, value: {{ printf "/etc/mainspring/api-key/%s" $c.apiKey.key | quote }}}
{{- end }}
{{- end }}
{{- with $c.tls.ca.secret }}
- {name: TEMPORAL_TLS_SERVER_CA_CERT_PATH, value: {{ printf "/etc/mainspring/ca/%s" $c.tls.ca.key | quote }}}
{{- end }}
{{- with $c.keyring }}
{{- if .secret }}
- name: TEMPORAL_SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}}
{{- if .fallbackKey }}
- name: TEMPORAL_FALLBACK_SECRET_KEYS
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .fallbackKey | quote }}}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The folders of /etc/mainspring, as JSON: name → secret. */}}
{{- define "temporal-worker.mounted" -}}
{{- $c := .root.Values.connection -}}
{{- $mounted := dict -}}
{{- with $c.tls.ca.secret }}{{ $_ := set $mounted "ca" . }}{{ end -}}
{{- if not .controlled -}}
{{- with $c.tls.client.secret }}{{ $_ := set $mounted "client" . }}{{ end -}}
{{- with $c.apiKey.secret }}{{ $_ := set $mounted "api-key" . }}{{ end -}}
{{- end -}}
{{- toJson $mounted -}}
{{- end }}

{{- define "temporal-worker.connectionMounts" -}}
{{- range $name, $secret := include "temporal-worker.mounted" . | fromJson }}
- {name: {{ $name }}, mountPath: /etc/mainspring/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "temporal-worker.connectionVolumes" -}}
{{- range $name, $secret := include "temporal-worker.mounted" . | fromJson }}
- name: {{ $name }}
  secret: {secretName: {{ $secret | quote }}, defaultMode: 0440}
{{- end }}
{{- end }}
