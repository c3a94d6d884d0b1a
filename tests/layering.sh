#!/usr/bin/env bash
# Fails when an include breaks a rule of ARCHITECTURE.md: core <- hub <- cli, and one room for each
# library. Usage: tests/layering.sh SOURCE_DIR
set -u
cd "$1" || exit 2
broken=0

# forbid WHY PATTERN PATH...: no source file below the paths may match.
forbid() {
  local why=$1 pattern=$2
  shift 2
  local found
  found=$(grep -rnE --include='*.h' --include='*.cc' -- "$pattern" "$@" 2>/dev/null)
  if [ -n "$found" ]; then
    printf '%s:\n%s\n' "$why" "$found"
    broken=1
  fi
}

# except DIR FOLDER: the folders of DIR but this one, and the files that lie in DIR itself.
except() {
  find "$1" -mindepth 1 -maxdepth 1 ! -path "$1/$2"
}

forbid 'core must not know hub or cli' '#include "(hub|cli|tests)/' core
forbid 'hub must not know cli' '#include "(cli|tests)/' hub
forbid 'core is pure: no socket, file, clock or thread' \
  '#include <(fstream|iostream|thread|mutex|condition_variable|future|filesystem|sys/|netinet/|unistd\.h|fcntl\.h)' core
forbid 'core reads no clock' '(system_clock|steady_clock)::now' core
mapfile -t outside_store < <(except hub store)
forbid 'only hub/store uses SQLite' '#include <(sqlite3|SQLiteCpp)' core cli "${outside_store[@]}"
mapfile -t outside_http < <(except hub http)
forbid 'only hub/http uses Asio and Beast' '#include <boost/(asio|beast)' core cli "${outside_http[@]}"
mapfile -t outside_metrics < <(find hub -name '*.cc' ! -path hub/api/metrics.cc -o -name '*.h')
forbid 'only hub/api/metrics.cc uses prometheus-cpp' '#include <prometheus/' core cli "${outside_metrics[@]}"
forbid 'only cli uses CLI11' '#include <CLI/' core hub
mapfile -t outside_config < <(find cli -type f ! -path cli/config_file.cc)
forbid 'only cli/config_file.cc uses toml++' '#include <toml' core hub "${outside_config[@]}"
forbid 'cpp-httplib is the tests'"'"' independent peer' '#include <httplib' core hub cli
forbid 'delivery decides and does no I/O' '#include "hub/(http|api)/' hub/delivery
forbid 'the store knows no other room of the hub' '#include "hub/(http|api|delivery)/' hub/store
forbid 'hub/http knows no other room of the hub' '#include "hub/(store|api|delivery)/' hub/http
forbid 'the page asks the API and knows no other room of the hub' \
  '#include "hub/(store|api|delivery|intent|fetch|access|hooks)/' hub/dashboard
exit $broken
