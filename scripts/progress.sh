# Numbered stages with the time they took, a sign of life every ten seconds, noise in a log file.

started=$SECONDS
stage_number=0
stage_count=0
stage_started=$SECONDS
child=

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# minutes:seconds
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# stage TITLE: ends the stage before and begins the next. Set stage_count first.
stage() {
  end_stage
  stage_number=$((stage_number + 1))
  stage_started=$SECONDS
  echo "[$stage_number/$stage_count] $1"
}

end_stage() {
  [ "$stage_number" -eq 0 ] || echo "      done in $(clock $((SECONDS - stage_started))), $(clock $((SECONDS - started))) in all"
}

# quietly NAME COMMAND...: runs it with its output in .cache/log/NAME.log. Shows its last lines when
# it fails, adds the tests that failed to .cache/log/failed_tests, and returns its exit code.
quietly() {
  local name=$1 log=$log_folder/$1.log begun=$SECONDS code=0
  shift
  mkdir -p "$log_folder"
  # A process group of its own, so that an interrupt ends all of it.
  setsid "$@" >"$log" 2>&1 </dev/null &
  child=$!
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - begun)) -ge 10 ] && [ $(((SECONDS - begun) % 10)) -eq 0 ] && [ "${beat:-}" != "$SECONDS" ]; then
      beat=$SECONDS
      echo "      $(clock $((SECONDS - begun))) $name: $(last_words "$log")"
    fi
  done
  wait "$child" || code=$?
  child=
  if [ "$code" -ne 0 ]; then
    echo "      $name failed (exit code $code); the end of ${log#"$root/"}:" >&2
    tail -n 25 "$log" | sed 's/^/      | /' >&2
    failed_tests "$log" >>"$log_folder/failed_tests"
  fi
  return "$code"
}

# The lines in which pytest and ctest name the tests of a log that failed.
failed_tests() {
  grep -E '^(FAILED|ERROR) |^[[:space:]]+[0-9]+ - .*\(.*\)$' "$1" | cut -c 1-200 || true
}

# The last line of a log that says something, short enough for one line.
last_words() {
  tail -c 2000 "$1" | tr '\r' '\n' | tr -cd '[:print:]\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-70
}

interrupted() {
  trap - INT TERM HUP
  [ -z "$child" ] || kill -TERM -- "-$child" 2>/dev/null || true
  echo "$(basename "$0"): interrupted; run it again to go on" >&2
  exit 130
}
trap interrupted INT TERM HUP
