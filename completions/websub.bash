# Completion of websub in bash: source this file. Commands and flags come from the program's own help.

_websub() {
  local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
    words+=$'\n--help\n--version'
  elif [[ $word == -* ]]; then
    words=$("$program" "${COMP_WORDS[1]}" --help-all 2>/dev/null | sed '/^Examples:/,$d' |
      grep -oE -- '--[a-z][a-z-]+[a-z]')
  else
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _websub websub
