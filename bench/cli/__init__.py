"""The commands: the only package that prints, exits and imports typer."""
