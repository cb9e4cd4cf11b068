#!/usr/bin/env bash
# A canary in steps, with nothing but bash, curl and jq: shift some traffic, wait, check, shift more; on failure all goes back.
#
#   SLUICE_ADMIN=http://127.0.0.1:9901 SLUICE_TOKEN=... docs/adapters/canary.sh shop stable canary
#
#   STEPS="5 25 50 100"   percent of the canary, one after the other
#   PAUSE=60              seconds at each step
#   MAX_ERRORS=1          percent of the canary's responses at a step that may be 5xx
#   MIN_RESPONSES=20      with fewer responses at a step there is no verdict, and the canary goes back
#   CHECK="command"       decides instead: exit 0 = go on; it gets the step as $1
#
# Every change names the revision that it is meant for. When somebody else has moved the split meanwhile, the script stops and
# leaves everything as it is: exit 4. A canary that was taken back: exit 1.
set -euo pipefail

if [[ $# -ne 3 ]]; then
  echo "usage: canary.sh POOL STABLE CANARY" >&2
  exit 2
fi
readonly pool=$1 stable=$2 canary=$3
readonly admin=${SLUICE_ADMIN:-http://127.0.0.1:9901}
before='' # the split as it was found
ours=''   # the split as we have set it last
sent=''   # the split that we asked for: a signal may come before its response is read

# ask METHOD PATH [BODY [REVISION]]: prints the body, then the status on a line of its own. The token is in no argument list.
ask() {
  local arguments=(--silent --show-error --max-time 15 --request "$1" --write-out '\n%{http_code}' --header 'accept: application/json, text/plain')
  [[ -n ${3-} ]] && arguments+=(--header 'content-type: application/json' --data "$3")
  [[ -n ${4-} ]] && arguments+=(--header "if-match: \"$4\"")
  if [[ $admin == unix:* ]]; then
    arguments+=(--unix-socket "${admin#unix:}" "http://localhost$2")
  else
    arguments+=("$admin$2")
  fi
  curl --config <([[ -n ${SLUICE_TOKEN-} ]] && printf 'header = "authorization: Bearer %s"\n' "$SLUICE_TOKEN") "${arguments[@]}"
}

read_split() {
  local response
  response=$(ask GET "/v1/pools/$pool/split")
  [[ ${response##*$'\n'} == 200 ]] || { echo "cannot read the split of $pool: ${response%$'\n'*}" >&2; return 1; }
  printf '%s' "${response%$'\n'*}"
}

weights_of() { jq --compact-output --sort-keys '.weights | with_entries(select(.value > 0))'; }

# shift_to WEIGHTS REASON: only from the split that we know; a change of anything else in between is no reason to stop.
shift_to() {
  local state now revision response status body
  for _ in 1 2 3 4 5; do
    state=$(read_split) || return 1
    now=$(weights_of <<<"$state")
    if [[ $now != "$ours" && $now != "$sent" ]]; then
      echo "somebody else has moved the split of $pool: hands off" >&2
      trap - EXIT
      exit 4
    fi
    revision=$(jq .revision <<<"$state")
    # Every version is named: what names one of several could mean all requests or a share, and is refused.
    body=$(jq --compact-output --argjson weights "$1" --arg reason "$2" '{weights: ((.weights | map_values(0)) + $weights), reason: $reason}' <<<"$state")
    sent=$(jq --compact-output --sort-keys 'with_entries(select(.value > 0))' <<<"$1")
    response=$(ask PUT "/v1/pools/$pool/split" "$body" "$revision")
    status=${response##*$'\n'}
    case $status in
      200) ours=$sent; return 0 ;;
      412) ;; # look again
      *) echo "the split was refused ($status): ${response%$'\n'*}" >&2; return 1 ;;
    esac
  done
  echo "the config changes too often to get hold of it" >&2
  return 1
}

# responses [5]: how many responses the canary has given so far, or how many of them with a status that begins so.
responses() {
  ask GET /metrics | awk -v pool="pool=\"$pool\"" -v version="version=\"$canary\"" -v status="status=\"${1-}" '
    /^sluice_requests_total[{]/ && index($0, pool) && index($0, version) && index($0, status) { sum += $NF }
    END { printf "%d", sum }'
}

check() {
  local all errors
  if [[ -n ${CHECK-} ]]; then
    bash -c "$CHECK" check "$1"
    return
  fi
  all=$(($(responses) - $2))
  errors=$(($(responses 5) - $3))
  echo "  $all responses, $errors of them errors"
  ((all >= ${MIN_RESPONSES:-20} && errors * 100 <= all * ${MAX_ERRORS:-1}))
}

# Whatever ends the script before its last step, Ctrl-C too, takes the canary back.
take_back() {
  trap - EXIT INT TERM
  kill $(jobs -p) 2>/dev/null || true
  echo "taking $canary back" >&2
  shift_to "$before" "canary.sh: $canary failed" && echo "back to $before" >&2
  exit 1
}

before=$(read_split | weights_of)
ours=$before
trap take_back EXIT
trap 'exit 1' INT TERM

for step in ${STEPS:-5 25 50 100}; do
  echo "$canary: $step %"
  seen=$(responses)
  failed=$(responses 5)
  shift_to "$(jq --null-input --compact-output --arg s "$stable" --arg c "$canary" --argjson w "$step" '{($s): (100 - $w), ($c): $w}')" \
    "canary.sh: step $step"
  # In the background: a signal to the script alone interrupts `wait`, but not a command. Without our output: a reader of that would
  # wait for it, should a signal come before it can be ended.
  sleep "${PAUSE:-60}" >/dev/null 2>&1 &
  wait $!
  check "$step" "$seen" "$failed"
done

trap - EXIT
echo "done: $canary stays at $step % of $pool"
