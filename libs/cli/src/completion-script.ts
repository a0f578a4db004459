export type Shell = 'bash' | 'zsh' | 'fish';

/** Every script asks the command itself what fits, so that it never falls behind. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# millrace completion bash: add to ~/.bashrc
#   source <(millrace completion bash)
_millrace() {
  local IFS=$'\\n'
  COMPREPLY=($(millrace __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _millrace millrace`,
  zsh: `#compdef millrace
# millrace completion zsh: add to ~/.zshrc, after compinit
#   source <(millrace completion zsh)
_millrace() {
  local -a found
  local line
  for line in "\${(@f)$(millrace __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#found )) && _describe millrace found || _files
}
compdef _millrace millrace`,
  fish: `# millrace completion fish: save as ~/.config/fish/completions/millrace.fish
complete -c millrace -a '(millrace __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

export const completionScript = (shell: Shell): string => SCRIPTS[shell];
