#include <cstdio>

#include "actors/cli.hpp"

namespace tocsin::cli {

namespace {

constexpr const char* bash = R"(# bash completion of tocsin: source <(tocsin completion bash)
_tocsin() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words=
  case $previous in
    --emit) words='symptoms incidents notifications windows anomalies states downtimes joins quality equipment' ;;
    --through) words='machines actors' ;;
    -f|--format) words='tibrvlisten jsonl rv-hex journal samples auto' ;;
    -o|--output) [[ $command == score || $command == analyse ]] && COMPREPLY=($(compgen -f -- "$current")) && return; words='table json' ;;
    --rules) words='western_electric nelson ewma cusum' ;;
    -c|--config|-i|--input|--train|--library|--scenario|--data-dir|check-config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    tocsin) words='run replay simulate check-config route template test score analyse produce cluster daemons incidents alarms silences report explain notifications completion --help --version' ;;
    cluster) words='show --help' ;;
    daemons) words='list show --help' ;;
    incidents) words='list show acknowledge unacknowledge --help' ;;
    alarms) words='list shelve unshelve reset out-of-service return-to-service --help' ;;
    silences) words='list add expire --help' ;;
    route) words='show test --help' ;;
    notifications) words='list redrive --help' ;;
    template) words='preview --help' ;;
    analyse) words='trend season correlations yield components forest spc signature --help' ;;
    signature) words='capture recognise list --help' ;;
    =) [[ ${COMP_WORDS[COMP_CWORD-2]} == severity ]] && words='info warning critical' ;;
    completion) words='bash zsh fish --help' ;;
    *) case $command in
         run) words='--config --data-dir --http --input --format --emit --clock --once --help' ;;
         replay) words='--input --format --config --until --emit --through --shards --workers --block-bytes --strict --help' ;;
         simulate) words='--scenario --daemons --units --channels --interval --fault --seed --until --vantage --start --pace --clock --help' ;;
         check-config) words='--config --schema --help' ;;
         route) words='--config --output --at --verify-receivers --help
           alertname= group= host= incident= network= service= severity= subject= vantage=' ;;
         template) words='--config --receiver --incident --help' ;;
         explain) words='--server --output --not-notified --recompute --data-dir --config --help' ;;
         notifications) words='--server --output --state --receiver --limit --from --until --help' ;;
         test) [[ $current == -* ]] && words='--help' || { COMPREPLY=($(compgen -f -- "$current")); return; } ;;
         alarms) words='--server --output --who --comment --for --until --help' ;;
         silences) words='--server --output --who --comment --for --from --until --id --help
           alertname= group= host= incident= network= service= severity= subject= vantage=' ;;
         report) words='--server --output --help' ;;
         produce) words='--config --brokers --topic --input --format --key-field --partitioner --timestamp --vantage --timeout --help' ;;
         score) words='--input --output --config --train --learn --help' ;;
         analyse) words='--input --columns --json --output --per --period --robust --classic --most --failed --train --components
           --explained --alpha --trees --sample --seed --share --subgroup --learn --rules --context --library --rows --normal --name --help' ;;
         cluster) words='--node --server --output --help' ;;
         daemons) words='--server --output --state --host --limit --local --help' ;;
         incidents) words='--server --output --state --limit --who --comment --for --until --help' ;;
       esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -F _tocsin tocsin
)";

constexpr const char* zsh = R"(#compdef tocsin
# zsh completion of tocsin: tocsin completion zsh > "${fpath[1]}/_tocsin"
autoload -U +X bashcompinit && bashcompinit
)";

constexpr const char* fish = R"(# fish completion of tocsin: tocsin completion fish | source
complete -c tocsin -n __fish_use_subcommand -f -a 'run replay simulate check-config route template test score analyse produce cluster daemons incidents alarms silences report explain notifications completion'
complete -c tocsin -n '__fish_seen_subcommand_from daemons incidents' -f -a 'list show'
complete -c tocsin -n '__fish_seen_subcommand_from cluster' -f -a 'show'
complete -c tocsin -n '__fish_seen_subcommand_from incidents' -f -a 'acknowledge unacknowledge'
complete -c tocsin -n '__fish_seen_subcommand_from alarms' -f -a 'list shelve unshelve reset out-of-service return-to-service'
complete -c tocsin -n '__fish_seen_subcommand_from silences' -f -a 'list add expire'
complete -c tocsin -n '__fish_seen_subcommand_from notifications' -f -a 'list redrive'
complete -c tocsin -n '__fish_seen_subcommand_from explain' -l not-notified -x
complete -c tocsin -n '__fish_seen_subcommand_from explain' -l recompute
complete -c tocsin -n '__fish_seen_subcommand_from route' -f -a 'show test'
complete -c tocsin -n '__fish_seen_subcommand_from analyse' -f -a 'trend season correlations yield components forest spc signature'
complete -c tocsin -n '__fish_seen_subcommand_from signature' -f -a 'capture recognise list'
complete -c tocsin -n '__fish_seen_subcommand_from template' -f -a 'preview'
complete -c tocsin -n '__fish_seen_subcommand_from template' -l receiver -x
complete -c tocsin -n '__fish_seen_subcommand_from template' -l incident -r
complete -c tocsin -n '__fish_seen_subcommand_from route' -l at -x
complete -c tocsin -n '__fish_seen_subcommand_from route' -l verify-receivers -x
complete -c tocsin -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
complete -c tocsin -l emit -x -a 'symptoms incidents notifications'
complete -c tocsin -l through -x -a 'machines actors'
complete -c tocsin -l format -s f -x -a 'tibrvlisten jsonl rv-hex journal samples auto'
complete -c tocsin -l output -s o -x -a 'table json'
complete -c tocsin -l config -s c -r
complete -c tocsin -l input -s i -r
complete -c tocsin -l train -r
complete -c tocsin -l library -r
complete -c tocsin -l rules -x -a 'western_electric nelson ewma cusum'
complete -c tocsin -l scenario -r
)";

} // namespace

int complete(const std::string& shell) {
  if (shell == "bash") std::fputs(bash, stdout);
  else if (shell == "zsh") std::printf("%s%s", zsh, bash);
  else if (shell == "fish") std::fputs(fish, stdout);
  else {
    std::fprintf(stderr, "tocsin: completions exist for bash, zsh and fish, not '%s'\n", shell.c_str());
    return usage;
  }
  return done;
}

} // namespace tocsin::cli
