"""The command `bench map`: pictures of what a network learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion
from bench.cli.options import (
    CacheDir,
    DataDir,
    Device,
    EngineName,
    Epochs,
    LabelColumn,
    MapLabel,
    NetName,
    Offline,
    Preset,
    Source,
    Tasks,
    TextColumn,
    options_of,
)
from bench.cli.progress import TrialProgress
from bench.cli.terminal import errors
from bench.core.errors import BenchError

What = Annotated[str, typer.Argument(help="words: 100 words of praise and blame; frequent: the 500 most frequent "
                                          "words; features: hidden features of test texts; confusion: confusion "
                                          "matrix and classification report.")]
MapTarget = Annotated[str, typer.Option("--target", "-t", autocompletion=completion.tasks,
    help="Show this task or file too, in the same plane; for "
                                        "confusion, instead of the source.")]
Labels = Annotated[int, typer.Option("--labels", help="Fine-tune the base on so many labels of the target first; 0: "
                                     "the base itself.")]
Texts = Annotated[int, typer.Option(help="Test texts in the plane.")]
Formats = Annotated[str, typer.Option("--format", "-f", help="png, svg, pdf; comma-separated.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the pictures.")]


def map_command(
    what: What, source: Source = "imdb", target: MapTarget = "", labels: Labels = 0, net: NetName = "gru",
    preset: Preset = "default", engine: EngineName = "torch", device: Device = "auto", epochs: Epochs = 0,
    texts: Texts = 5_000, seed: Annotated[int, typer.Option(help="Of the draw of texts and of t-SNE.")] = 0,
    format: Formats = "png,svg", out: Out = Path("results/runs/maps"), data_dir: DataDir = None,
    cache_dir: CacheDir = None, tasks: Tasks = None, text_column: TextColumn = None, label_column: LabelColumn = None,
    map_label: MapLabel = None, offline: Offline = False,
) -> None:
    """Draw what a base learned: its words, its hidden features, its confusions."""
    with errors():
        from bench.data.cards import unknown_name
        from bench.explore import drawing, maps

        if what not in maps.MAPS:
            raise unknown_name("map", what, maps.MAPS, ", ".join(maps.MAPS))
        formats = [part.strip() for part in format.split(",") if part.strip()]
        drawing.check(formats)
        if texts < 50:
            raise BenchError(f"--texts {texts}", "50 or more")
        options = options_of(source=source, net=net, preset=preset, engine=engine, device=device, epochs=epochs,
                             data_dir=data_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()),
                             text_column=text_column, label_column=label_column, map_label=tuple(map_label or ()),
                             offline=offline)
        request = maps.Request(options, target, labels, texts, seed)
        with TrialProgress() as progress:
            shown = maps.scene(request, progress.say, progress.training, progress=progress.live)
            progress.pause()
        for picture in maps.MAPS[what](shown):
            paths = drawing.save(picture.figure, out / picture.stem, formats)
            beside = paths[0].with_suffix(".txt")
            beside.write_text(picture.facts.rstrip() + "\n", encoding="utf-8")
            typer.echo(picture.facts.rstrip())
            typer.echo("Written: " + ", ".join(str(path) for path in [*paths, beside]))
