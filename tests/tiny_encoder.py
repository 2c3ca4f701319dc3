"""A pre-trained encoder that is none: two small layers of random weights, saved as transformers saves one."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import toy

from bench.data.http import Access
from bench.learning.encoder_base import EncoderBase, EncoderBaseSpec, train_encoder
from bench.learning.encoder_network import EncoderRecipe
from bench.learning.features.encoders import BUNDLED, Encoder, find_encoder
from bench.learning.source_sentences import SampleSpec, source_sentences
from bench.protocol.domain import Domain

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save(folder: Path, seed: int = 0) -> Path:
    """The encoder, which knows the toy words, in `folder`; needs the extra `sentence`."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = [*SPECIAL, *toy.FILLER, *(word for words in toy.SIGNALS.values() for word in words)]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
                            sep_token="[SEP]", mask_token="[MASK]", model_max_length=32).save_pretrained(folder)
    torch.manual_seed(seed)
    BertModel(BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                         intermediate_size=32, max_position_embeddings=32)).save_pretrained(folder)
    return folder


def resources(root: Path, source: Domain, needs: frozenset[str]) -> dict[str, Any]:
    """What a strategy with these needs gets of an encoder: the tiny one in place of the bundled one."""
    names = needs & {"sentences", "source-sentences", "encoder", "encoder-base"}
    if not names:
        return {}
    encoder, pool = bundled(root), source.split.pool
    fields: dict[str, Any] = {"encoders": (encoder,)}
    if "source-sentences" in names:
        fields["source_sentences"] = source_sentences(source.data, pool, pool, source.name,
                                                      SampleSpec(encoder, len(pool), 32))
    if "encoder-base" in names:
        fields["encoder_base"] = base(root, source)
    return fields


@lru_cache
def bundled(root: Path) -> Encoder:
    """The tiny encoder, which goes by the bundled one's name."""
    return replace(find_encoder(str(save(root / "tiny")), Access()), model=BUNDLED)


def spec(root: Path, source: Domain) -> EncoderBaseSpec:
    """The tiny encoder, to be trained on the source until it knows it."""
    recipe = EncoderRecipe(4, 3e-3)
    return EncoderBaseSpec(source.name, source.data, source.split.pool, bundled(root), 32, recipe, "cpu")


def base(root: Path, source: Domain) -> EncoderBase:
    """The same, trained."""
    return train_encoder(spec(root, source), root)
