#!/bin/bash
# Submits a sweep, a search and a figure to a Slurm of one node, which it starts and stops, kills a task of the search, and
# checks that each finds what it finds without Slurm.
#
#     apt-get install slurm-wlm munge
#     cargo build --release -p repro
#     sudo scripts/check_slurm.sh
set -euo pipefail
cd "$(dirname "$0")/.."
repro=${REPRO:-$PWD/target/release/repro}
dir=$(mktemp -d)
export SLURM_CONF=$dir/slurm.conf

# The node says that it has the processors that three tasks ask for.
cat > "$SLURM_CONF" <<END
ClusterName=check
SlurmctldHost=$(hostname -s)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
SlurmctldPort=6917
SlurmdPort=6918
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
NodeName=$(hostname -s) CPUs=24 RealMemory=16000
PartitionName=all Nodes=ALL Default=YES
END

stop() {
    for daemon in slurmd slurmctld munged; do
        [[ ! -s $dir/$daemon.pid ]] || kill "$(< "$dir/$daemon.pid")" || true
    done
    sleep 1
    rm -rf "$dir"
}
trap stop EXIT
mkdir "$dir/state" "$dir/spool" "$dir/munge"
head -c 1024 /dev/urandom > "$dir/munge/key"
chmod -R go= "$dir/munge"
chmod 755 "$dir"
munged --force --key-file="$dir/munge/key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
slurmctld
slurmd
timeout 30 bash -c 'until sinfo -h -o %T | grep -q idle; do sleep 1; done'

# All in the queue, with the job that does what is left.
finished() {
    timeout 300 bash -c 'while [[ -n $(squeue -h) ]]; do sleep 1; done'
}
submit() {
    TASKS=3 REPRO=$repro PROFILE=quick scripts/slurm_array.sh "$@" | tee "$dir/submitted"
}
# Tables are the same but for the last columns of rows of runs, wall_s and code.
same() {
    local runs='s/,[^,]*,[^,]*$//'
    [[ $(head -n 1 "$1") == *,wall_s,code ]] || runs=''
    diff <(sed "$runs" "$1") <(sed "$runs" "$2") > /dev/null || {
        echo "$1 and $2 differ; the tasks said:" >&2
        cat repro-*.log >&2
        exit 1
    }
}

study='
study = "yinyang"
base = "yin_yang"
model = "steadnet"
seeds = [1, 2]
[training]
epochs = 20
'
printf '%s\n[[points]]\n"network.eta_up.0" = [1, 5, 10]\n"network.bias_rate" = [0.25, 1.0]\n' "$study" > "$dir/sweep.toml"
printf '%s\n[tune]\nrule = "tpe"\nbudget = 60\nbatch = 6\n[tune.space]\n"network.eta_up.0" = { from = 1, to = 20 }\n' "$study" > "$dir/search.toml"

"$repro" sweep "$dir/sweep.toml" --out "$dir/whole"
submit sweep "$dir/sweep.toml" --out "$dir/array"
finished
same "$dir/whole/data/sweep.csv" "$dir/array/data/sweep.csv"
same "$dir/whole/sweep.summary.csv" "$dir/array/sweep.summary.csv"

"$repro" tune "$dir/search.toml" --out "$dir/whole"
submit tune "$dir/search.toml" --out "$dir/array"
job=$(sed 's/.*tasks \([0-9]*\),.*/\1/' "$dir/submitted")
timeout 60 bash -c "until squeue -h -t R -r -j ${job}_2 | grep -q .; do sleep 0.2; done"
sleep 1
scancel --signal=KILL --full "${job}_2"
finished
if grep -q html "repro-${job}_2.log"; then
    echo "the task had ended before it was killed" >&2
    exit 1
fi
same "$dir/whole/search.trials.csv" "$dir/array/search.trials.csv"

"$repro" run astro-xor --out "$dir/whole"
submit run astro-xor --out "$dir/array"
finished
same "$dir/whole/quick/data/astro_xor.csv" "$dir/array/quick/data/astro_xor.csv"
rm -f repro-*.log
echo "A sweep, a search and a figure are with Slurm what they are without it."
