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

@test "a hub runs, answers and ends" {
  start_hub
  run -0 curl -sS -f "$HUB/livez"
  stop_bg hub
  is "$status" 143
}
