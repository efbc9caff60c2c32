"""Update rules: torch.optim's own classes, and which of their state is which slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...refimpl.errors import Unsupported

#: A class and its keyword arguments.
Made = tuple[type[torch.optim.Optimizer], dict[str, Any]]


def _plain(make: Any) -> Callable[..., Made]:
    return lambda **given: (make, given)


def _adam(make: Any, **fixed: Any) -> Callable[..., Made]:
    return lambda *, b1, b2, **others: (make, {"betas": (b1, b2), **others, **fixed})


def _amsgrad(*, max_corrected: bool, **others: Any) -> Made:
    if max_corrected:
        raise Unsupported("torch.optim takes the largest second moment before it corrects its bias")
    return _adam(torch.optim.Adam, amsgrad=True)(**others)


def _radam(**fixed: Any) -> Callable[..., Made]:
    def make(*, eps: float, eps_corrected: bool, **others: Any) -> Made:
        if eps and not eps_corrected:
            raise Unsupported("torch.optim.RAdam adds eps before it corrects the root's bias")
        return _adam(torch.optim.RAdam, **fixed)(eps=eps, **others)

    return make


def _outside(eps: float, *, eps_in_root: bool) -> None:
    if eps and eps_in_root:
        raise Unsupported("torch.optim adds eps outside the root")


def _adagrad(*, eps: float, eps_in_root: bool, initial_accumulator: float, **others: Any) -> Made:
    _outside(eps, eps_in_root=eps_in_root)
    return torch.optim.Adagrad, {
        "eps": eps,
        "initial_accumulator_value": initial_accumulator,
        **others,
    }


def _rmsprop(*, decay: float, eps: float, eps_in_root: bool, **others: Any) -> Made:
    _outside(eps, eps_in_root=eps_in_root)
    return torch.optim.RMSprop, {"alpha": decay, "eps": eps, **others}


def _rprop(
    *, eta_minus: float, eta_plus: float, step_min: float, step_max: float, **others: Any
) -> Made:
    steps = {"etas": (eta_minus, eta_plus), "step_sizes": (step_min, step_max)}
    return torch.optim.Rprop, {**steps, **others}


def _adafactor(
    *,
    eps: float,
    min_scale: float,
    threshold: float,
    decay_rate: float,
    capped: bool,
    **others: Any,
) -> Made:
    if not capped:
        raise Unsupported("torch.optim.Adafactor caps the rate at 1/√t")
    if eps:
        raise Unsupported("torch.optim.Adafactor bounds v by eps² and does not add eps")
    own = {"beta2_decay": -decay_rate, "eps": (0.0, min_scale), "d": threshold}
    return torch.optim.Adafactor, {**own, **others}


def _muon(*, bias_correction: bool, **others: Any) -> Made:
    if bias_correction:
        raise Unsupported("torch.optim.Muon does not correct the momentum's bias")
    return torch.optim.Muon, others


def _lbfgs(*, lr: float, memory: float, capped_by: float, least_curvature: float) -> Made:
    if capped_by == 2:
        raise Unsupported("torch.optim.LBFGS caps its first step by the sum of the magnitudes")
    if least_curvature not in (0, 1e-10):  # where all are above either it does not matter which
        raise Unsupported("torch.optim.LBFGS forgets a step whose curvature is at most 1e-10")
    once = {"max_iter": 1, "tolerance_grad": 0.0, "tolerance_change": 0.0}
    return torch.optim.LBFGS, {"lr": lr, "history_size": int(memory), **once}


#: rule → a function of the rule's hyperparameters.
OPTIMIZERS: dict[str, Callable[..., Made]] = {
    "sgd": _plain(torch.optim.SGD),
    "asgd": _plain(torch.optim.ASGD),
    "rprop": _rprop,
    "adam": _adam(torch.optim.Adam),
    "adamw": _adam(torch.optim.AdamW),
    "amsgrad": _amsgrad,
    "adamax": _adam(torch.optim.Adamax),
    "nadam": _adam(torch.optim.NAdam),
    "nadamw": _adam(torch.optim.NAdam, decoupled_weight_decay=True),
    "radam": _radam(),
    "radamw": _radam(decoupled_weight_decay=True),
    "adagrad": _adagrad,
    "adadelta": _plain(torch.optim.Adadelta),
    "rmsprop": _rmsprop,
    "adafactor": _adafactor,
    "muon": _muon,
    "lbfgs": _lbfgs,
}

_MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}

#: rule → slot → the key of the optimizer's state.
SLOTS: dict[str, dict[str, str]] = {
    "sgd": {"m": "momentum_buffer"},
    "asgd": {"average": "ax"},
    "rprop": {"prev": "prev", "step_size": "step_size"},
    "adam": _MOMENTS,
    "adamw": _MOMENTS,
    "amsgrad": {**_MOMENTS, "v_max": "max_exp_avg_sq"},
    "adamax": {"m": "exp_avg", "u": "exp_inf"},
    "nadam": {**_MOMENTS, "mu_product": "mu_product"},
    "nadamw": {**_MOMENTS, "mu_product": "mu_product"},
    "radam": _MOMENTS,
    "radamw": _MOMENTS,
    "adagrad": {"sum": "sum"},
    "adadelta": {"v": "square_avg", "u": "acc_delta"},
    "rmsprop": {"v": "square_avg", "mean": "grad_avg", "m": "momentum_buffer"},
    "adafactor": {"row": "row_var", "column": "col_var", "v": "variance"},
    "muon": {"m": "momentum_buffer"},
    "lbfgs": {"s": "old_stps", "y": "old_dirs", "gradient": "prev_flat_grad"},
}
