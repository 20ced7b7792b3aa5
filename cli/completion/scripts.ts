// What makes a shell ask outflow how a command line goes on. Where outflow knows nothing, files are completed.

const bash = `_outflow() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -o bashdefault -F _outflow outflow
`;

const zsh = `#compdef outflow
_outflow() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n $found[1] ]]; then compadd -- $found; else _files; fi
}
compdef _outflow outflow
`;

const fish = `function __outflow
  set -l found (outflow __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c outflow -f -a '(__outflow)'
`;

export const SHELLS = { bash, zsh, fish };
