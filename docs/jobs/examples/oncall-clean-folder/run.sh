#!/usr/bin/env bash
set -euo pipefail

request=$(cat)
folder=$(jq -r .params.folder <<<"$request")
days=$(jq -r .params.days <<<"$request")
dry_run=$(jq -r .dry_run <<<"$request")

if [[ $folder == *..* || ! -d $folder ]]; then
  jq -n --arg folder "$folder" '{statusCode: 404, body: "no such folder: \($folder)"}'
  exit 0
fi
older=(-xdev -type f -mtime "+$days")
if ((days == 0)); then older=(-xdev -type f); fi
count=$(find "$folder" "${older[@]}" -print | tee /dev/stderr | wc -l)
if [[ $dry_run != true ]]; then find "$folder" "${older[@]}" -delete; fi
jq -n --argjson files "$count" --argjson dry_run "$dry_run" '{files: $files, dry_run: $dry_run}'
