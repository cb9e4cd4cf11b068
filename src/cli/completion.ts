// `sluice completion bash|zsh|fish`: prints the script that lets a shell ask `sluice __complete` for words.

import { EXIT, Failure } from './failure.ts';

/** Bash 3.2 and later: it breaks words at `=` and `:`, so only what comes after the last of them may be put in. */
const BASH = `# bash completion for sluice: put  source <(sluice completion bash)  into ~/.bashrc
_sluice() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() current cut candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]}-1]}
  cut=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("\${candidate#"$cut"}")
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" __complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _sluice sluice
`;

const ZSH = `#compdef sluice
# zsh completion for sluice: put  source <(sluice completion zsh)  into ~/.zshrc, after compinit
_sluice() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]/#\\~/$HOME}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  (( \${#candidates} )) || { _files; return }
  compadd -S '' -- \${(M)candidates:#*=}
  compadd -- \${candidates:#*=}
}
compdef _sluice sluice
`;

const FISH = `# fish completion for sluice: put  sluice completion fish | source  into ~/.config/fish/config.fish
function __sluice_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c sluice -f -a '(__sluice_complete)'
complete -c sluice -n '__fish_seen_subcommand_from check run explain export apply' -F
complete -c sluice -n '__fish_seen_subcommand_from mirror' -l from -r -F
`;

export const SHELLS: Readonly<Record<string, string | undefined>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** Ends the command when there is no script for this shell. */
export function completionScript(shell: string): string {
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined) throw new Failure(EXIT.usage, `there is no completion for ${shell}; there is for bash, zsh and fish`);
  return script;
}
