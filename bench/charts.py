"""The charts of bench/report.py, as SVG that follows the reader's light or dark mode."""
import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

INK, FAINT = "#123456", "#7b8490"  # the text, which save() makes follow the mode; what stands back
OURS, OURS_TOO, THEIRS, FLOOR = "#1f83d6", "#71b5ec", "#c98a1b", "#8a9199"  # 3:1 at least on white and on near-black
LINES = ["#1f83d6", "#d5582b", "#2a9d6f", "#a566c9", "#c98a1b", "#d0457e", "#6f8f1f", "#3aa3b8", "#8a9199", "#7a6be0", "#b0713f"]

plt.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "ehlo", "font.family": ["DejaVu Sans"], "font.size": 9.5,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "legend.frameon": False, "legend.fontsize": 8.5,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none"})


def save(figure, path):
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = path.read_text()
    # A browser without DejaVu Sans needs a font that is as wide, and Verdana is.
    text = text.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif").replace(INK, "currentColor")
    style = "<style>:root{color:#1f2328} @media (prefers-color-scheme:dark){:root{color:#e6edf3}}</style>"
    start = text.index(">", text.index("<svg")) + 1
    path.write_text("\n".join(line.rstrip() for line in (text[:start] + "\n " + style + text[start:]).split("\n")))


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bars(axes, title, rows, unit):
    """`rows`: (label, value, color). A bar that would dwarf the others is cut off, and says so."""
    values = sorted((value for _, value, _ in rows), reverse=True)
    limit = values[1] * 1.25 if values[0] > 2.5 * values[1] else values[0]
    for place, (label, value, color) in enumerate(rows):
        axes.barh(place, min(value, limit), color=color, height=0.72)
        axes.text(min(value, limit) + limit * 0.015, place, f" {number(value)}{' …' if value > limit else ''}", va="center", fontsize=8.5)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows], fontsize=8.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, limit * 1.14)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"{title}", pad=6)
    axes.text(1, 1.0, unit, transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5, color=FAINT)


def speed(path, panels):
    """`panels`: (title, unit, rows), two in a line."""
    lines = [panels[i:i + 2] for i in range(0, len(panels), 2)]
    heights = [max(len(rows) for _, _, rows in line) + 1.6 for line in lines]
    figure, axes = plt.subplots(len(lines), 2, figsize=(10.4, 0.235 * sum(heights) + 0.5), squeeze=False,
                                gridspec_kw={"height_ratios": heights}, layout="constrained")
    legend = 0.3 / figure.get_figheight()
    figure.get_layout_engine().set(hspace=0.06, wspace=0.05, rect=(0, 0, 1, 1 - legend))
    for spot, (title, unit, rows) in zip(axes.flat, panels):
        bars(spot, title, rows, unit)
    for spot in list(axes.flat)[len(panels):]:
        spot.set_axis_off()
    handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in (OURS, OURS_TOO, FLOOR, THEIRS)]
    figure.legend(handles, ["ehlo, g++ -O3", "with -march=native", "floors and naive code, same run", "other parsers, same run (they do less, see the table)"],
                  loc="upper left", ncol=4, borderaxespad=0.2)
    save(figure, path)


def plain(value, _):
    for size, suffix in (1e6, "M"), (1e3, "k"):
        if value >= size:
            return f"{value / size:g}{suffix}"
    return f"{value:g}"


def growth(path, plots):
    """`plots`: (title, label of x, label of y, {name: [(x, y)]}). Those of many curves have a line of their own."""
    wide = [i for i, plot in enumerate(plots) if len(plot[3]) > 1]
    narrow = [i for i, plot in enumerate(plots) if len(plot[3]) == 1]
    lines = [[i, i] for i in wide] + [narrow[i:i + 2] for i in range(0, len(narrow), 2)]
    figure, axes = plt.subplot_mosaic(lines, figsize=(10.4, 2.6 * len(lines)), layout="constrained")
    for i, (title, x_label, y_label, curves) in enumerate(plots):
        spot = axes[i]
        for (name, points), color in zip(curves.items(), LINES):
            spot.plot(*zip(*points), color=color, marker="o", markersize=3.5, linewidth=1.6, label=name)
        spot.set_xscale("log")
        spot.set_yscale("log")
        low, high = spot.get_ylim()
        if high / low < 100:  # a flat curve should look flat
            middle = (low * high) ** 0.5
            spot.set_ylim(middle / 10, middle * 10)
        for axis in spot.xaxis, spot.yaxis:
            axis.set_major_locator(LogLocator(10))
            axis.set_major_formatter(FuncFormatter(plain))
            axis.set_minor_formatter(NullFormatter())
        spot.minorticks_off()
        spot.grid(color=FAINT, alpha=0.3, linewidth=0.6)
        spot.set_title(title, pad=6)
        spot.set_xlabel(x_label)
        spot.set_ylabel(y_label)
        if len(curves) > 1:
            spot.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    save(figure, path)
