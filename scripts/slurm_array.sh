#!/bin/bash
# Shares the runs of figures, of a sweep, or of a search among the tasks of a Slurm job array.
#
#     cargo build --release -p repro
#     scripts/slurm_array.sh run learning-lag tau-w        # or: all; sweep my_study.toml; tune my_search.toml
#
# submits the array, and a job after it that does what is left and draws. That one starts when all tasks have ended, well or
# not, and says how much they left. What `repro` takes can follow, such as --set or --out. Options of sbatch are taken from
# its variables, such as SBATCH_PARTITION or SBATCH_TIMELIMIT; TASKS says how many tasks there are.
#
# The checkout must be on a file system that all nodes see. Every task keeps its results in a file of its own as they are
# made; one that is killed goes on where it was when the same is submitted again. The tasks of a search wait for each other's
# runs, and do those of tasks that have not started or were killed.
#
#SBATCH --job-name=repro
#SBATCH --array=1-16
#SBATCH --cpus-per-task=8
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --output=repro-%A_%a.log
set -euo pipefail

case "${1:-}" in
    run | sweep | tune) (($# > 1)) || set -- ;;
    all) ;;
    *) set -- ;;
esac
(($# > 0)) || {
    echo "usage: $0 run FIGURE…, all, sweep FILE.toml, or tune FILE.toml   (repro list names figures)" >&2
    exit 2
}

if [[ -z ${SLURM_JOB_ID:-} ]]; then
    job=$(sbatch --parsable --array="1-${TASKS:-16}" "$0" "$@")
    # With another cluster's name, after a semicolon.
    job=${job%%;*}
    last=$(sbatch --parsable --dependency="afterany:$job" --array=1 "$0" "$@")
    echo "submitted: tasks $job, and ${last%%;*} after them"
    exit
fi

cd "${SLURM_SUBMIT_DIR:-.}"
repro() { "${REPRO:-target/release/repro}" "$@" --threads "${SLURM_CPUS_PER_TASK:-1}"; }
case $1 in
    run | all) set -- "$@" --profile "${PROFILE:-paper}" ;;
esac
if ((${SLURM_ARRAY_TASK_COUNT:-1} > 1)); then
    # Tasks may be numbered from anywhere, without gaps.
    repro "$@" --shard "$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT"
else
    # A task that was requeued may still be at it.
    repro "$@" --dry-run
    repro "$@" --wait
fi
