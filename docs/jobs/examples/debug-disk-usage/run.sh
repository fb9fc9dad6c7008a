#!/usr/bin/env bash
# Request on standard input, answer on standard output, everything else on standard error.
set -euo pipefail

request=$(cat)
mapfile -t folders < <(jq -r '.params.folders[]' <<<"$request")
for folder in "${folders[@]}"; do
  if [[ ! -d $folder ]]; then
    jq -n --arg folder "$folder" '{statusCode: 404, body: "no such folder: \($folder)"}'
    exit 0
  fi
  echo "looking at $folder" >&2
  df --output=size,used,pcent --block-size=1K -- "$folder" | tail -n 1 |
    jq -R --arg folder "$folder" '[splits(" +")] | map(select(. != "")) |
      {folder: $folder, size_kb: .[0] | tonumber, used_kb: .[1] | tonumber,
       used_percent: .[2] | rtrimstr("%") | tonumber}'
done | jq -s 'if any(.[]; has("statusCode")) then map(select(has("statusCode")))[0]
              else {folders: .} end'
