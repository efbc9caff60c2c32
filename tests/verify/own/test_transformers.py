"""Ports that nobody here wrote: classes of transformers in both frameworks, as their users call."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

import gradparity as gp

transformers = pytest.importorskip("transformers", reason="needs the extra own")
conversion = pytest.importorskip("transformers.modeling_flax_pytorch_utils")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TEXT = dict(vocab_size=50, max_position_embeddings=16)
SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)
GPT = dict(n_positions=16, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)


def tokens(least=1):
    """Whole numbers, of which the first sentence ends in a mask."""
    ids = np.random.default_rng(0).integers(least, 50, (2, 7))
    mask = np.ones((2, 7), np.int64)
    mask[0, 5:] = 0
    return {"input_ids": ids, "attention_mask": mask}


def converted(port):
    return lambda state: conversion.convert_pytorch_state_dict_to_flax(state, port)


def test_bert_as_its_users_convert_it():
    torch.manual_seed(0)
    config = transformers.BertConfig(**SMALL, **TEXT)
    port = transformers.FlaxBertModel(config)
    module = transformers.BertModel(config).eval()
    report = gp.compare(module, port, tokens(), converted(port))
    assert report.verdict == "same", report
    assert [f.kind for f in report.findings] == ["narrow"]
    assert {"last_hidden_state", "pooler_output"} <= set(report.frame.tensor)


def test_a_port_that_holds_the_module_s_values_needs_no_converter():
    torch.manual_seed(0)
    config = transformers.BertConfig(**SMALL, **TEXT)
    module, port = transformers.BertModel(config).eval(), transformers.FlaxBertModel(config)
    port.params = converted(port)(module.state_dict())
    report = gp.compare(module, port, tokens())
    assert report.verdict == "same", report


def test_gpt2_with_tied_weights_called_by_a_function_of_its_parameters():
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=50, **GPT)
    port = transformers.FlaxGPT2LMHeadModel(config)
    module = transformers.GPT2LMHeadModel(config).eval()

    def called(params, **inputs):
        return port(**inputs, params=params)

    report = gp.compare(module, called, tokens(), converted(port))
    assert report.verdict == "same", report
    assert "logits" in set(report.frame.tensor)


def test_a_row_of_padding_gets_a_gradient_in_flax_alone():
    torch.manual_seed(0)
    config = transformers.BertConfig(**SMALL, **TEXT)
    port = transformers.FlaxBertModel(config)
    inputs = tokens()
    inputs["input_ids"][0, 5:] = config.pad_token_id
    report = gp.compare(transformers.BertModel(config).eval(), port, inputs, converted(port))
    assert report.verdict == "differs"
    assert report.causes[0] == "row 0 of the table gets a gradient in jax, none in torch"
    assert report.first.at[0].place.module == "embeddings.word_embeddings"


TINY = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24)
WORDS = dict(vocab_size=50, eos_token_id=2, bos_token_id=1, pad_token_id=0, **TINY)
PATCHES = dict(image_size=8, patch_size=4, **TINY)
SIDES = ("encoder_layers", "decoder_layers", "encoder_attention_heads", "decoder_attention_heads")
BART = dict(vocab_size=50, d_model=16, encoder_ffn_dim=24, decoder_ffn_dim=24)
IMAGES = {"pixel_values": {"normal": [2, 3, 8, 8]}}


def clip(eps=1e-5):
    return transformers.CLIPConfig(
        text_config={**WORDS, "max_position_embeddings": 20, "layer_norm_eps": eps},
        vision_config={**PATCHES, "layer_norm_eps": eps},
        projection_dim=12,
    )


def seq2seq():
    return transformers.BartConfig(
        **BART, **dict(zip(SIDES, (1, 1, 2, 2), strict=True)), max_position_embeddings=20
    )


def relative():
    return transformers.T5Config(
        vocab_size=50, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2
    )


#: A class's name, its configuration, and what it is called with.
OTHERS = {
    "CLIPModel": (clip, {**tokens(3), **IMAGES}),
    "ViTModel": (lambda: transformers.ViTConfig(**PATCHES), IMAGES),
    "T5Model": (relative, {**tokens(3), "decoder_input_ids": tokens(3)["input_ids"]}),
    "BartModel": (seq2seq, {**tokens(3), "decoder_input_ids": tokens(3)["input_ids"]}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_text_images_and_sequences_are_the_same(name, monkeypatch):
    clip = jnp.clip  # T5 of Flax calls it by the names of older releases

    def clipped(x, a_min=None, a_max=None):
        return clip(x, a_min, a_max)

    monkeypatch.setattr(jnp, "clip", clipped if name == "T5Model" else clip)
    torch.manual_seed(0)
    made, inputs = OTHERS[name]
    config = made()
    port = getattr(transformers, f"Flax{name}")(config)
    module = getattr(transformers, name)(config).eval()
    report = gp.compare(module, port, inputs, converted(port))
    assert report.verdict == "same", report
    assert [f.kind for f in report.findings] == ["narrow"]


def test_an_eps_of_clip_is_found_in_both_towers():
    torch.manual_seed(0)
    port = transformers.FlaxCLIPModel(clip(1e-3))
    module = transformers.CLIPModel(clip()).eval()
    report = gp.compare(module, port, OTHERS["CLIPModel"][1], converted(port))
    assert report.verdict == "differs"
    assert report.causes[0] == "eps is 0.001 in jax, 1e-05 in torch"


def test_electra_takes_other_token_types_where_it_is_given_none():
    torch.manual_seed(0)
    config = transformers.ElectraConfig(**SMALL, **TEXT, embedding_size=16)
    port = transformers.FlaxElectraModel(config)
    module = transformers.ElectraModel(config).eval()
    report = gp.compare(module, port, tokens(), converted(port))
    assert report.verdict == "differs"
    assert report.first.at[0].place.module == "embeddings.token_type_embeddings"
    assert "a constant array differs first at (0, 0): " in report.causes[0]
    assert "1 in jax" in report.causes[0]
    assert "0 in torch" in report.causes[0]
    types = {"token_type_ids": np.zeros((2, 7), np.int64)}
    assert gp.compare(module, port, {**tokens(), **types}, converted(port)).verdict == "same"
