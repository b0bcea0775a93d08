{{/* The launch profile: a file of profiles/, written by scripts/chart_profiles.py. */}}
{{- define "countersign.profile" -}}
{{- include "countersign.checks" . -}}
{{- $file := printf "profiles/%s.yaml" .Values.sglang.profile -}}
{{- $text := .Files.Get $file -}}
{{- if not $text -}}
{{- fail (printf "sglang.profile %q is not a file of %s; see profiles/ in the chart." .Values.sglang.profile $file) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* Where the model's pods may run. */}}
{{- define "countersign.modelPlacement" -}}
{{- $v := .Values.sglang -}}
{{- with $v.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $v.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "countersign.modelAffinity" -}}
{{- with .Values.sglang.gpuProduct.values -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - key: {{ $.Values.sglang.gpuProduct.label }}
            operator: In
            values:
              {{- toYaml . | nindent 14 }}
{{- end -}}
{{- end -}}

{{/* No network for the model: weights from the volume, every cache on a volume of its own. */}}
{{- define "countersign.modelEnv" -}}
- {name: HF_HOME, value: /models}
- {name: TRANSFORMERS_OFFLINE, value: "1"}
- {name: HF_MODULES_CACHE, value: /cache/modules}
- {name: HOME, value: /cache}
- {name: XDG_CACHE_HOME, value: /cache}
- {name: SGLANG_CACHE_DIR, value: /cache/sglang}
- {name: SGLANG_DG_CACHE_DIR, value: /cache/deep_gemm}
- {name: TRITON_CACHE_DIR, value: /cache/triton}
- {name: TORCHINDUCTOR_CACHE_DIR, value: /cache/inductor}
{{- end -}}
