# SPDX-License-Identifier: Apache-2.0
# Curves over one axis. Before this, the tool sets: base (of the file names), figure_title, x_label, y_label, curves
# (number of columns after the first) and x_is_number. Reads base.csv only; writes base.svg and base.png.
set datafile separator comma
set datafile commentschars '#'
set datafile missing ''
set encoding utf8
set title figure_title noenhanced
set xlabel x_label noenhanced
set ylabel y_label noenhanced
set key top left noenhanced reverse Left
set grid ytics lc rgb '#dddddd' lw 1
set border 3 lc rgb '#444444'
set tics nomirror
set yrange [0:*]
set offsets graph 0.03, graph 0.03, graph 0.08, 0
set style data linespoints
# Colours that stay apart for the colour-blind (Okabe and Ito), and different points for print.
array hue[8] = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']
do for [i=1:curves] { set linetype i lc rgb hue[(i - 1) % 8 + 1] lw 2 pt (i % 2 ? 7 : 5) ps 0.9 }
csv = base.'.csv'
if (x_is_number) { set xtics 1; if (GPVAL_VERSION > 0) { stats csv using 1 skip 1 nooutput; set xtics (STATS_max > 16 ? int(STATS_max / 8) : 1) } }
set terminal svg size 900,560 font 'sans-serif,14' background rgb 'white'
set output base.'.svg'
if (x_is_number) { plot for [i=2:curves+1] csv using 1:i title columnheader(i) lt i-1 } else { plot for [i=2:curves+1] csv using 0:i:xtic(1) title columnheader(i) lt i-1 }
set terminal pngcairo size 900,560 font 'sans,11' background rgb 'white'
set output base.'.png'
replot
set output
