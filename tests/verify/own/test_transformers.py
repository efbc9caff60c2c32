"""Ports that nobody here wrote: classes of transformers in both frameworks, as their users call."""

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


def test_electra_takes_other_token_types_where_it_is_given_none():
    torch.manual_seed(0)
    config = transformers.ElectraConfig(**SMALL, **TEXT, embedding_size=16)
    port = transformers.FlaxElectraModel(config)
    module = transformers.ElectraModel(config).eval()
    report = gp.compare(module, port, tokens(), converted(port))
    assert report.verdict == "differs"
    assert report.first.at[0].place.module == "embeddings.token_type_embeddings"
    assert "1 in jax, 0 in torch" in report.causes[0]
    types = {"token_type_ids": np.zeros((2, 7), np.int64)}
    assert gp.compare(module, port, {**tokens(), **types}, converted(port)).verdict == "same"
