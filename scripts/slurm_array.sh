#!/bin/bash
# Shares the runs of figures among the tasks of a Slurm job array.
#
#     cargo build --release -p repro
#     job=$(sbatch --parsable scripts/slurm_array.sh learning-lag tau-w)
#     sbatch --dependency=afterok:$job --array=1 scripts/slurm_array.sh learning-lag tau-w
#
# The checkout must be on a file system that all nodes see. Every task keeps its results in a file of
# its own as they are made; a task that is killed goes on where it was when it is submitted again. The
# second job finds all runs finished and draws the figures.
#
#SBATCH --job-name=repro
#SBATCH --array=1-16
#SBATCH --cpus-per-task=8
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --output=repro-%A_%a.log
set -euo pipefail

(($# > 0)) || { echo "usage: sbatch $0 FIGURE…   (repro list names them)" >&2; exit 2; }
cd "${SLURM_SUBMIT_DIR:-.}"

share=()
if ((${SLURM_ARRAY_TASK_COUNT:-1} > 1)); then
    # Tasks may be numbered from anywhere, without gaps.
    share=(--shard "$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT")
fi
exec "${REPRO:-target/release/repro}" run "$@" --profile "${PROFILE:-paper}" \
    --threads "${SLURM_CPUS_PER_TASK:-1}" "${share[@]}"
