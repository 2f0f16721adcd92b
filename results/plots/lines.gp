# SPDX-License-Identifier: Apache-2.0
# Curves over one axis. Before this, the tool sets: base (of the file names), figure_title, x_label, y_label, curves
# (number of columns after the first) and x_is_number. Reads base.csv only; writes base.svg and base.png.
set datafile separator comma
set datafile commentschars '#'
set datafile missing ''
set encoding utf8
csv = base.'.csv'

# Steps of the axes: a tick at each whole number while there are few; large values in thousands and millions.
y_max = 0
do for [i=2:curves+1] { stats csv using i skip 1 nooutput; if (STATS_max > y_max) { y_max = STATS_max } }
x_step = 1
if (x_is_number) { stats csv using 1 skip 1 nooutput; if (STATS_max - STATS_min > 16) { x_step = 10 ** int(log10((STATS_max - STATS_min) / 2)) } }
set format y (y_max >= 10000 ? '%.1s%c' : '%g')
if (x_is_number) { set xtics x_step; set xrange [STATS_min - 0.3 * x_step : STATS_max + 0.3 * x_step] }

set title figure_title noenhanced
set xlabel x_label noenhanced
set ylabel y_label noenhanced
set key outside above center horizontal noenhanced
set grid ytics lc rgb '#cccccc' lw 1
set border 3 lc rgb '#444444'
set tics nomirror
set yrange [0:*]
set offsets 0, 0, graph 0.08, 0
set style data linespoints
# Colours that stay apart for the colour-blind (Okabe and Ito), and different points for print.
array hue[8] = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']
do for [i=1:curves] { set linetype i lc rgb hue[(i - 1) % 8 + 1] lw 2 pt (i % 2 ? 7 : 5) ps 0.9 }

set terminal svg size 900,560 font 'sans-serif,14' background rgb 'white'
set output base.'.svg'
if (x_is_number) { plot for [i=2:curves+1] csv using 1:i title columnheader(i) lt i-1 } else { plot for [i=2:curves+1] csv using 0:i:xtic(1) title columnheader(i) lt i-1 }
set terminal pngcairo size 900,560 font 'sans,11' background rgb 'white'
set output base.'.png'
replot
set output
