# Test accuracy against learning-lag, from the table that `repro run learning-lag` leaves.
#
#     gnuplot -e "table='figures/quick/data/learning_lag.csv'; out='learning_lag.svg'" scripts/learning_lag.gp
#
# Dots are single runs, lines their means. Needs gnuplot 5.4.

if (!exists("table")) table = "figures/quick/data/learning_lag.csv"
if (!exists("out")) out = "learning_lag.svg"

set terminal svg size 560, 400 font ",12" noenhanced background rgb "white"
set output out
set datafile separator comma
set datafile columnheaders
set xlabel "learning-lag / ms"
set ylabel "test accuracy / %"
set key bottom right title "pattern"

# Runs of one pattern duration; all others are passed over.
lag(t) = column("network.t_pattern_ms") == t + 0 ? column("network.learning_lag_ms") : NaN
accuracy = '(100 * column("test_accuracy"))'

durations = ""
do for [t in "50 100 200 300"] {
    stats table using (column("network.t_pattern_ms") == t + 0) name "RUNS" nooutput
    if (RUNS_max > 0) { durations = durations . " " . t }
}

# Only now: stats would leave out what is beyond the range.
set yrange [30:100]
plot for [t in durations] table using (lag(t)):@accuracy with points pt 7 ps 0.3 lc rgb "#808080" notitle, \
     for [i = 1:words(durations)] table using (lag(word(durations, i))):@accuracy \
         smooth unique with lines lw 2 lc i title word(durations, i) . " ms"
