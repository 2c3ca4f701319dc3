"""The command `bench map`: pictures of what a network learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion, help
from bench.cli.figures import warn_of_boxes
from bench.cli.option_groups import After
from bench.cli.options import DataOptions, Draw, Epochs, NetworkOptions, OwnFileOptions, Source, options_of
from bench.cli.output import say
from bench.cli.progress import TrialProgress
from bench.core.files import save_text


def map_command(
    *,
    what: Annotated[str, typer.Argument(
        metavar="PICTURE",
        help="words: 100 positive and negative words; frequent: the 500 most frequent words; features: hidden features "
             "of test texts; confusion: confusion matrix and classification report.")],
    source: Source = "imdb",
    target: Annotated[str, typer.Option(
        "--target", "-t", metavar="NAME|FILE", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
        help="Task or file to show too, in the same plane; for confusion, instead of the source.")] = "",
    labels: Annotated[int, typer.Option(
        "--labels", metavar="N", rich_help_panel=help.WHAT,
        help="Fine-tune the base on this many labels of the target first; 0: show the base itself.")] = 0,
    draw: Draw = "stratified",
    network: NetworkOptions,
    epochs: Annotated[Epochs, After("preset")] = 0,
    texts: Annotated[int, typer.Option(metavar="N", rich_help_panel=help.WHAT,
                                       help="Number of test texts in the plane.")] = 5_000,
    seed: Annotated[int, typer.Option(metavar="N", rich_help_panel=help.WHAT,
                                      help="Seed of the text sample and of t-SNE.")] = 0,
    format: Annotated[list[str] | None, typer.Option(
        "--format", "-f", metavar="png,svg,pdf", rich_help_panel=help.OUTPUT,
        help="Formats of the pictures. [default: png,svg]")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", rich_help_panel=help.OUTPUT,
                                      help="Folder for the pictures.")] = Path("results/runs/maps"),
    data: DataOptions,
    own_file: OwnFileOptions,
) -> None:
    """Draw what a base learned: its words, its hidden features, its confusions."""
    from bench.data.cards import unknown_name
    from bench.explore import canvas, drawing, maps

    if what not in maps.MAPS:
        raise unknown_name("map", what, maps.MAPS, ", ".join(maps.MAPS))
    formats = format or ["png", "svg"]
    drawing.check_available(formats)
    options = options_of(network, data, own_file, source=source, draw=draw, epochs=epochs)
    request = maps.MapRequest(options, target, labels, texts, seed)
    with TrialProgress() as progress:
        progress.phase(f"reading {options.source}")
        network_shown = maps.load_network(request, progress.say, progress.training, progress=progress.bars)
        progress.pause()
    for picture in maps.MAPS[what](network_shown):
        paths = drawing.save(picture.figure, out / picture.stem, formats)
        facts = picture.facts.rstrip()
        warn_of_boxes(canvas.characters_without_font(picture.figure), paths[0].stem)
        facts_path = save_text(paths[0].with_suffix(".txt"), f"{facts}\n", "choose --out", shared=False)
        say(facts)
        say("Written: " + ", ".join(map(str, [*paths, facts_path])))
