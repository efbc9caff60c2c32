"""Losses as lines that a user can write in a framework that has no function for them."""

from __future__ import annotations

from collections.abc import Iterator

from .line import Call, Line, Maker


def _reduced(each: str, call: Call, framework: str = "") -> Line:
    """Terms, reduced as the call has it."""
    whole = {"jax": "jnp.", "torch": "torch."}.get(framework, "")
    how = call.attributes.get("reduction", "mean")
    text = {
        "mean": f"y = {whole}mean({each})",
        "sum": f"y = {whole}sum({each})",
        "none": f"y = {each}",
        "batchmean": f"y = {whole}sum({each}) / {call.shape[0] if call.shape else 1}",
    }[how]
    return Line(text, framework)


def _terms(each: str, *, jax: str = "", torch: str = "") -> Maker:
    """A loss of terms: ``each`` in our words, and functions of frameworks.

    ``torch`` takes the reduction itself.
    """

    def make(call: Call) -> Iterator[Line]:
        if jax:
            yield _reduced(jax, call, "jax")
        if torch and call.attributes.get("reduction", "mean") != "batchmean":
            yield Line(f"y = torch.nn.functional.{torch[:-1]}, reduction=reduction)", "torch")
        yield _reduced(each, call)

    return make


def _kl_div(call: Call) -> Iterator[Line]:
    log = call.attributes.get("log_target")
    yield Line(
        "y = torch.nn.functional.kl_div(x, target, reduction=reduction, log_target=log_target)",
        "torch",
    )
    how = call.attributes.get("reduction", "mean")
    if how != "none" and not log and call.shape:
        rows = "optax.kl_divergence(x, target)"
        if how == "batchmean" and len(call.shape) == 2:
            yield Line(f"y = jnp.mean({rows})", "jax")
        over = {"sum": 1, "batchmean": call.shape[0]}.get(how, call.size)
        yield Line(f"y = jnp.sum({rows})" + (f" / {over}" if over != 1 else ""), "jax")
    yield _reduced("exp(target) * (target - x)" if log else "target * (log(target) - x)", call)


def _bce_with_logits(call: Call) -> Iterator[Line]:
    if "pos_weight" not in call:
        yield _reduced("optax.sigmoid_binary_cross_entropy(x, target)", call, "jax")
        yield Line(
            "y = torch.nn.functional.binary_cross_entropy_with_logits(x, target, "
            "reduction=reduction)",
            "torch",
        )
    else:
        yield Line(
            "y = torch.nn.functional.binary_cross_entropy_with_logits(x, target, "
            "pos_weight=pos_weight, reduction=reduction)",
            "torch",
        )
    weight = "pos_weight * " if "pos_weight" in call else ""
    yield _reduced(f"{weight}target * softplus(-x) + (1 - target) * softplus(x)", call)


def _of_classes(rows: str, dense: str) -> Maker:
    """A loss of classes along axis 1 of two: ``rows`` of labels, ``dense`` of probabilities."""

    def make(call: Call) -> Iterator[Line]:
        if len(call.shape) != 2:
            return
        held, classes = call.attributes, call.shape[1]
        how, ignored = held.get("reduction", "mean"), held.get("ignore_index")
        smoothing = held.get("label_smoothing", 0.0)
        if call.kinds.get("target") not in ("i", "u"):
            if "weight" not in call and not smoothing:
                yield _reduced(dense, Call({"reduction": how}, call.shapes, {}), "jax")
            return
        if smoothing:
            if "weight" not in call and ignored is None:
                one_hot = f"jax.nn.one_hot(target, {classes})"
                labels = f"optax.smooth_labels({one_hot}, label_smoothing)"
                each = dense.replace("target", labels)
                yield _reduced(each, Call({"reduction": how}, call.shapes, {}), "jax")
            return
        before, each, weights = "", rows, ""
        if ignored is not None:
            before = "seen = target != ignore_index\nsafe = jnp.where(seen, target, 0)\n"
            each, weights = f"jnp.where(seen, {rows.replace('target', 'safe')}, 0)", "seen"
        if "weight" in call:
            taken = f"jnp.take(weight, {'safe' if before else 'target'}, axis=0)"
            before += f"w = {f'jnp.where(seen, {taken}, 0)' if weights else taken}\n"
            each, weights = f"w * {each}", "w"
        if how == "mean" and weights:
            yield Line(f"{before}y = jnp.sum({each}) / jnp.sum({weights})", "jax")
        else:
            reduced = _reduced(each, Call({"reduction": how}, call.shapes, {}), "jax")
            yield Line(before + reduced.text, "jax")

    return make


def _cross_entropy(call: Call) -> Iterator[Line]:
    yield from _of_classes(
        "optax.softmax_cross_entropy_with_integer_labels(x, target)",
        "optax.softmax_cross_entropy(x, target)",
    )(call)


def _nll(call: Call) -> Iterator[Line]:
    classes = call.shape[1] if len(call.shape) == 2 else 0
    yield from _of_classes(
        f"-jnp.sum(jax.nn.one_hot(target, {classes}) * x, axis=1)", "-jnp.sum(target * x, axis=1)"
    )(call)


#: Loss → what makes its lines.
LOSSES: dict[str, Maker] = {
    "mse": _terms("(x - target) ** 2", torch="mse_loss(x, target)"),
    "l1": _terms("abs(x - target)", torch="l1_loss(x, target)"),
    "huber": _terms(
        "where(abs(x - target) < delta, 0.5 * (x - target) ** 2, "
        "delta * (abs(x - target) - 0.5 * delta))",
        jax="optax.huber_loss(x, target, delta=delta)",
        torch="huber_loss(x, target, delta=delta)",
    ),
    "smooth_l1": _terms(
        "where(abs(x - target) < beta, 0.5 * (x - target) ** 2 / beta, "
        "abs(x - target) - 0.5 * beta)",
        jax="optax.huber_loss(x, target, delta=beta) / beta",
        torch="smooth_l1_loss(x, target, beta=beta)",
    ),
    "bce": _terms(
        "-(target * log(x) + (1 - target) * log(1 - x))",
        torch="binary_cross_entropy(x, target)",
    ),
    "soft_margin": _terms("softplus(-target * x)", torch="soft_margin_loss(x, target)"),
    "hinge_embedding": _terms(
        "where(target == 1, x, relu(margin - x))",
        torch="hinge_embedding_loss(x, target, margin=margin)",
    ),
    "margin_ranking": _terms(
        "relu(margin - target * (x1 - x2))",
        torch="margin_ranking_loss(x1, x2, target, margin=margin)",
    ),
    "kl_div": _kl_div,
    "bce_with_logits": _bce_with_logits,
    "cross_entropy": _cross_entropy,
    "nll": _nll,
}
