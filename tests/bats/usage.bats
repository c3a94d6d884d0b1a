#!/usr/bin/env bats
# Help, version and what a person mistypes.

load helper

@test "without a command it says what there is" {
  run -0 --separate-stderr websub
  has "$output" "Usage: websub COMMAND"
  is "$stderr" ""
}

@test "--version is one line on stdout" {
  run -0 --separate-stderr websub --version
  [[ $output =~ ^websub\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  is "$stderr" ""
}

@test "every help fits a screen and ends with two examples" {
  local command
  for command in $(commands); do
    run -0 --separate-stderr websub "$command" --help
    is "$stderr" ""
    ((${#lines[@]} <= 24))
    is "${lines[-3]}" "Examples:"
    has "${lines[-2]}" "  websub $command"
    has "${lines[-1]}" "  websub $command"
    [ "$(wc -L <<<"$output")" -le 80 ]
    run -0 websub "$command" -h
  done
}

@test "--help-all shows every flag that --help names" {
  local command flag
  for command in $(commands); do
    for flag in $(websub "$command" --help | sed '/^Examples/,$d' | grep -oE -- '--[a-z][a-z-]*[a-z]' | sort -u); do
      websub "$command" --help-all | grep -qE -- "^  (-[a-z],)?$flag( |\$)" || {
        # "--min-, --max-lease-seconds" and the like stand for families.
        websub "$command" --help-all | grep -qF -- "$flag"
      }
    done
  done
}

@test "the help's own examples are calls that the program takes" {
  local command line
  for command in $(commands); do
    while read -r line; do
      # Far hosts and long runs are not tried: only what is judged before anything happens.
      line=${line#websub }
      run websub config $(cut -d' ' -f1 <<<"$line") -- --no-such-flag
      is "$status" 2
      for flag in $(grep -oE -- ' --[a-z-]+' <<<"${line%% -- *}"); do
        websub "$command" --help-all | grep -qF -- "$flag"
      done
    done < <(websub "$command" --help | sed '1,/^Examples/d; s/^ *//')
  done
}

@test "help of a command without flags of its own" {
  run -0 websub completion --help
  run -0 websub completion --help-all
  has "$output" "--no-config"
}

@test "a mistyped command or flag names the nearest" {
  run -2 --separate-stderr websub subscibe
  is "${stderr_lines[0]}" "websub: unknown command subscibe: did you mean subscribe?"
  run -2 --separate-stderr websub publish --contnt x
  is "${stderr_lines[0]}" "websub: unknown flag --contnt: did you mean --content?"
  is "${stderr_lines[1]}" 'See `websub publish --help`.'
}

@test "connection refused names the cause and the next step" {
  run -3 --separate-stderr websub inspect topics --hub http://127.0.0.1:1
  has "$stderr" "websub serve"
}
