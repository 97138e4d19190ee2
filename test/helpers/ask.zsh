# What an interactive zsh would offer after command lines: zsh -f ask.zsh <script> <end> <line>…
# After the answer to each line it prints <end>.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT= ; autoload -Uz compinit && compinit -u -D && source ${(q)1}"
# Of compadd's calls, those that only fill an array offer nothing.
zpty -w shell '
compadd () {
  [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
  local -a hits
  builtin compadd -A hits "$@"
  print -rl -- "hit:"${^hits}
  builtin compadd "$@"
}
ask () { _main_complete; compstate[insert]=; compstate[list]=; print -r -- ans""wered. }
zle -C ask list-choices ask
bindkey -e
bindkey "^I" ask
print -r -- lis""tening.'
zpty -r shell output '*listening.*'
for line in "${@[3,-1]}"; do
  # Ctrl-U empties the line.
  zpty -w -n shell $'\x15'"$line"$'\t'
  zpty -r shell output '*answered.*'
  print -r -- ${output//$'\r'/}
  print -r -- "$2"
done
zpty -d shell
