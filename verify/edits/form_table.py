"""The other forms of operations, each as a few lines of the program language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """Another form: what is said of it, the lines that compute it, and how to be as here.

    ``says`` is of ``{there}``; the lines are as ``written`` takes them.
    """

    says: str
    text: str
    agree: str


_NO_MEAN = "the mean of the elements, not their sum"

#: Of a mean over rows that are weighted or ignored, and how to agree.
_ALL_ROWS = (
    "{there} divides by the number of rows, ignored ones too, and not by the sum of their weights"
)
_BY_WEIGHTS = "a sum divided by the rows' weights: 1 each or the class's, and 0 of ignored rows"

#: Of losses that are reduced to a mean.
_REDUCED = (
    Form("{there} halves the loss", "z = {again}\ny = 0.5 * z", "no factor of ½"),
    Form("{there} doubles the loss", "z = {again}\ny = 2 * z", "no factor of 2"),
)


def _unsigned(operation: str) -> Form:
    """On a branch cut, where the sign of a zero says on which side of it a number is."""
    return Form(
        "{there} takes -0 for 0, on the other side of the branch cut",
        f"y = {operation}(x + 0.0)",
        "the sign of the zero",
    )


#: Operation → its other forms.
FORMS: dict[str, tuple[Form, ...]] = {
    "softplus": (
        Form(
            "softplus is x itself above a threshold of 20 in {there}",
            "y = where(x > 20, x, softplus(x))",
            "log(1 + exp(x)) without a threshold",
        ),
        Form(
            "softplus is log(2) lower in {there}",
            "y = softplus(x) - 0.6931471805599453",
            "log(1 + eˣ)",
        ),
    ),
    "silu": (
        Form("{there} has x·sigmoid(1.702·x)", "y = x * sigmoid(1.702 * x)", "x·sigmoid(x)"),
        Form("{there} has the hard swish", "y = hard_swish(x)", "x·sigmoid(x)"),
    ),
    "hard_swish": (Form("{there} has the silu", "y = silu(x)", "x·min(max(x + 3, 0), 6)/6"),),
    "hard_sigmoid": (
        Form(
            "hard_sigmoid is min(max(0.2·x + 0.5, 0), 1) in {there}",
            "y = clip(0.2 * x + 0.5, 0.0, 1.0)",
            "min(max(x + 3, 0), 6)/6",
        ),
        Form(
            "hard_sigmoid is min(max((x + 1)/2, 0), 1) in {there}",
            "y = clip(0.5 * x + 0.5, 0.0, 1.0)",
            "min(max(x + 3, 0), 6)/6",
        ),
        Form("{there} has the sigmoid", "y = sigmoid(x)", "hard_sigmoid"),
    ),
    "sigmoid": (
        Form("{there} has the hard sigmoid", "y = hard_sigmoid(x)", "sigmoid"),
        Form("{there} has a softmax", "y = softmax(x, axis=-1)", "sigmoid"),
    ),
    "softmax": (
        Form("{there} has a log-softmax", "y = log_softmax(x, axis=axis)", "softmax"),
        Form("{there} has a sigmoid", "y = sigmoid(x)", "softmax"),
        Form(
            "{there} applies the softmax twice",
            "y = softmax(softmax(x, axis=axis), axis=axis)",
            "one softmax",
        ),
        Form(
            "{there} has exp(x)/(1 + Σ exp(x))",
            "e = exp(x)\ny = e / (1 + sum(e, axis=axis, keepdims=True))",
            "softmax",
        ),
    ),
    "log_softmax": (
        Form("{there} has a softmax", "y = softmax(x, axis=axis)", "log_softmax"),
        Form(
            "{there} applies the log-softmax to a softmax",
            "y = log_softmax(softmax(x, axis=axis), axis=axis)",
            "log_softmax of the logits",
        ),
    ),
    "log": (
        _unsigned("log"),
        Form(
            "{there} has the logarithm to base 2",
            "y = log(x) / 0.6931471805599453",
            "the natural log",
        ),
        Form(
            "{there} has the logarithm to base 10",
            "y = log(x) / 2.302585092994046",
            "the natural log",
        ),
        Form("{there} has log(1 + x)", "y = log1p(x)", "log(x)"),
        *(
            Form(f"{{there}} adds {eps} inside the logarithm", f"y = log(x + {eps})", "log(x)")
            for eps in ("1e-8", "1e-6", "1e-7", "1e-5", "1e-12", "1e-10")
        ),
    ),
    "sqrt": (
        _unsigned("sqrt"),
        *(
            Form(f"{{there}} adds {eps} inside the root", f"y = sqrt(x + {eps})", "√x")
            for eps in ("1e-8", "1e-6", "1e-5", "1e-12", "1e-7", "1e-3", "1e-10")
        ),
    ),
    **{
        name: (_unsigned(name),)
        for name in ("asin", "acos", "asinh", "acosh", "atan", "atanh", "log1p", "log2", "log10")
    },
    "normalize": (
        Form(
            "{there} divides by ‖x‖ + eps, not by max(‖x‖, eps)",
            "n = linalg.vector_norm(x, axis=axis, keepdims=True, ord=p)\ny = x / (n + eps)",
            "x/max(‖x‖, eps)",
        ),
        Form(
            "{there} divides by √(Σx² + eps), not by max(‖x‖, eps)",
            "y = x / sqrt(sum(x * x, axis=axis, keepdims=True) + eps)",
            "x/max(‖x‖, eps)",
        ),
        Form(
            "{there} divides by √max(Σx², eps), not by max(‖x‖, eps)",
            "y = x / sqrt(maximum(sum(x * x, axis=axis, keepdims=True), eps))",
            "x/max(‖x‖, eps)",
        ),
        Form(
            "{there} divides by the sum of squares, not its root",
            "y = x / sum(x * x, axis=axis, keepdims=True)",
            "x/‖x‖",
        ),
    ),
    "cosine_similarity": (
        Form(
            "{there} holds the product of the norms to eps, not each of them",
            "n = linalg.vector_norm(x1, axis=axis) * linalg.vector_norm(x2, axis=axis)\n"
            "y = sum(x1 * x2, axis=axis) / maximum(n, eps)",
            "max(‖a‖, eps)·max(‖b‖, eps)",
        ),
        Form(
            "{there} adds eps to the product of the norms",
            "n = linalg.vector_norm(x1, axis=axis) * linalg.vector_norm(x2, axis=axis)\n"
            "y = sum(x1 * x2, axis=axis) / (n + eps)",
            "max(‖a‖, eps)·max(‖b‖, eps)",
        ),
        Form(
            "{there} adds eps to the squared norms",
            "a = sqrt(sum(x1 * x1, axis=axis) + eps)\nb = sqrt(sum(x2 * x2, axis=axis) + eps)\n"
            "y = sum(x1 * x2, axis=axis) / (a * b)",
            "max(‖a‖, eps)·max(‖b‖, eps)",
        ),
        Form(
            "{there} has the distance, 1 - similarity",
            "y = 1 - cosine_similarity(x1, x2, axis=axis, eps=eps)",
            "the similarity",
        ),
        Form("{there} does not divide by the norms", "y = sum(x1 * x2, axis=axis)", "the norms"),
    ),
    "linalg.vector_norm": (
        Form("{there} has the square of the norm", "z = {again}\ny = z * z", "the root"),
        *(
            Form(
                f"{{there}} adds {eps} inside the root",
                f"y = sqrt(sum(x * x, axis=axis, keepdims=keepdims) + {eps})",
                "√Σx²",
            )
            for eps in ("1e-8", "1e-12", "1e-6", "1e-5")
        ),
    ),
    "dropout": (
        Form(
            "{there} does not divide what is kept by 1 - p", "y = x * mask", "the factor 1/(1 - p)"
        ),
        Form(
            "{there} divides what is kept by p, as if p were the share that is kept",
            "y = x * mask / p",
            "p is the share that is dropped",
        ),
        Form("{there} multiplies what is kept by 1 - p", "y = x * mask * (1 - p)", "1/(1 - p)"),
        Form(
            "the mask says what is dropped in {there}, what is kept in {here}",
            "y = x * (1 - mask) / (1 - p)",
            "the mask of what is kept",
        ),
        Form("{there} leaves the dropout out", "y = identity(x)", "the dropout"),
    ),
    "mse": (
        *_REDUCED,
        Form(
            "{there} has the root of the mean square",
            "y = sqrt(mean((x - target) ** 2))",
            "no root",
        ),
        Form("{there} has the mean absolute error", "y = mean(abs(x - target))", "squares"),
        Form(
            "{there} sums over each example and takes the mean over examples",
            "y = mean(sum((x - target) ** 2, axis=-1))",
            "the mean over all elements",
        ),
    ),
    "huber": (
        Form(
            "{there} has the smooth L1 loss, which is Huber's divided by delta",
            "z = {again}\ny = z / delta",
            "Huber's, or smooth_l1·beta",
        ),
        Form("{there} has Huber's loss times delta", "z = {again}\ny = z * delta", "Huber's"),
        Form("{there} has the mean absolute error", "y = mean(abs(x - target))", "Huber's"),
        *_REDUCED,
    ),
    "smooth_l1": (
        Form(
            "the corner is at beta in {there}, and the halves are those of a corner at 1: "
            "½d² and |d| - ½",
            "d = x - target\ny = mean(where(abs(d) < beta, 0.5 * d * d, abs(d) - 0.5))",
            "½d²/beta and |d| - ½beta",
        ),
        Form("{there} has Huber's loss", "z = {again}\ny = z * beta", "smooth_l1, huber/beta"),
        Form("{there} has the mean absolute error", "y = mean(abs(x - target))", "smooth_l1"),
        Form("{there} has the mean square", "y = mean((x - target) ** 2)", "smooth_l1"),
        *_REDUCED,
    ),
    "kl_div": (
        Form(
            "the two distributions are exchanged in {there}: it has KL(x‖target)",
            "p = exp(x)\ny = sum(p * (x - log(target))) / {rows}",
            "KL(target‖x)",
        ),
        Form(
            "{there} takes log-probabilities for probabilities",
            "y = kl_div(log(x), target, log_target=log_target, reduction=reduction)",
            "log p",
        ),
        Form(
            "{there} leaves out the entropy: it has the cross entropy -Σ target·x",
            "y = -sum(target * x) / {rows}",
            "Σ target·(log target - x)",
        ),
    ),
    "cross_entropy": (
        Form(
            _ALL_ROWS,
            "y = cross_entropy(x, target, weight, reduction='sum', ignore_index=ignore_index, "
            "label_smoothing=label_smoothing) / {rows}",
            _BY_WEIGHTS,
        ),
        Form(
            _ALL_ROWS,
            "y = cross_entropy(x, target, reduction='sum', ignore_index=ignore_index, "
            "label_smoothing=label_smoothing) / {rows}",
            _BY_WEIGHTS,
        ),
        Form(
            "{there} applies a softmax before the loss, which has one itself",
            "y = cross_entropy(softmax(x, axis=-1), target, reduction=reduction, "
            "ignore_index=ignore_index, label_smoothing=label_smoothing)",
            "logits",
        ),
        Form(
            "{there} takes log-probabilities or probabilities for logits: no softmax",
            "y = nll(x, target, reduction=reduction, ignore_index=ignore_index)",
            "a log-softmax",
        ),
        Form(
            "the weights of the classes are left out in {there}",
            "y = cross_entropy(x, target, reduction=reduction, ignore_index=ignore_index, "
            "label_smoothing=label_smoothing)",
            "the weights",
        ),
        Form(
            "{there} takes probabilities for logits: -log of what it is given",
            "y = nll(log(x), target, reduction=reduction, ignore_index=ignore_index)",
            "a log-softmax",
        ),
        Form(
            "{there} spreads label_smoothing over the other classes alone, not over all",
            "s = label_smoothing\nk = {classes}\n"
            "a = cross_entropy(x, target, reduction=reduction, ignore_index=ignore_index)\n"
            "b = cross_entropy(x, target, reduction=reduction, ignore_index=ignore_index, "
            "label_smoothing=1.0)\n"
            "y = (1 - s) * a + s / (k - 1) * (k * b - a)",
            "label_smoothing/classes for every class",
        ),
    ),
    "nll": (
        Form(
            _ALL_ROWS,
            "y = nll(x, target, weight, reduction='sum', ignore_index=ignore_index) / {rows}",
            _BY_WEIGHTS,
        ),
        Form(
            _ALL_ROWS,
            "y = nll(x, target, reduction='sum', ignore_index=ignore_index) / {rows}",
            _BY_WEIGHTS,
        ),
        Form(
            "{there} takes a log-softmax before the loss",
            "y = cross_entropy(x, target, reduction=reduction, ignore_index=ignore_index)",
            "log-probabilities as they are",
        ),
        Form(
            "{there} takes probabilities for log-probabilities, or makes none of them: -x",
            "y = nll(exp(x), target, reduction=reduction, ignore_index=ignore_index)",
            "log p",
        ),
    ),
    "bce": (
        *(
            Form(
                f"{{there}} clips probabilities to {eps} from 0 and 1",
                f"y = bce(clip(x, {eps}, 1 - {eps}), target, reduction=reduction)",
                "no clipping",
            )
            for eps in ("1e-7", "1e-8", "1e-6", "1e-12", "1e-5")
        ),
        *(
            Form(
                f"{{there}} adds {eps} inside the logarithms",
                f"y = -mean(target * log(x + {eps}) + (1 - target) * log(1 - x + {eps}))",
                "log p",
            )
            for eps in ("1e-7", "1e-8", "1e-6", "1e-12", "1e-5")
        ),
        Form(
            "{there} takes probabilities for logits: it applies a sigmoid",
            "y = bce_with_logits(x, target, reduction=reduction)",
            "probabilities",
        ),
    ),
    "bce_with_logits": (
        Form(
            "{there} applies a sigmoid before the loss, which has one itself",
            "y = bce_with_logits(sigmoid(x), target, reduction=reduction)",
            "logits",
        ),
        Form(
            "{there} weights both terms by pos_weight, not the positive one alone",
            "y = mean(pos_weight * bce_with_logits(x, target, reduction='none'))",
            "pos_weight of the positive term",
        ),
        Form(
            "pos_weight is left out in {there}",
            "y = bce_with_logits(x, target, reduction=reduction)",
            "pos_weight",
        ),
        Form(
            "the sum over classes, then the mean over examples in {there}",
            "y = mean(sum(bce_with_logits(x, target, reduction='none'), axis=-1))",
            _NO_MEAN,
        ),
    ),
    "gaussian_nll": (
        Form(
            "{there} takes the variance for a standard deviation",
            "y = gaussian_nll(x, target, var * var, full=full, eps=eps, reduction=reduction)",
            "the variance",
        ),
        Form(
            "{there} takes the variance for its logarithm",
            "y = gaussian_nll(x, target, exp(var), full=full, eps=eps, reduction=reduction)",
            "the variance",
        ),
    ),
    "triplet_margin": (
        Form(
            "{there} has squared distances",
            "a = sum((anchor - positive) ** 2, axis=-1)\n"
            "b = sum((anchor - negative) ** 2, axis=-1)\n"
            "y = mean(relu(a - b + margin))",
            "distances, not squares",
        ),
        Form(
            "{there} adds no eps to the differences",
            "a = linalg.vector_norm(anchor - positive, axis=-1)\n"
            "b = linalg.vector_norm(anchor - negative, axis=-1)\ny = mean(relu(a - b + margin))",
            "eps=1e-6",
        ),
    ),
    "pairwise_distance": (
        Form(
            "{there} adds eps inside the root",
            "y = sqrt(sum((x1 - x2) ** 2, axis=-1, keepdims=keepdims) + eps)",
            "‖a - b + eps‖",
        ),
        Form(
            "{there} has squared distances",
            "y = sum((x1 - x2) ** 2, axis=-1, keepdims=keepdims)",
            "the root",
        ),
    ),
    "cdist": (Form("{there} has squared distances", "z = {again}\ny = z * z", "the root"),),
    "local_response_norm": (
        Form(
            "alpha is not divided by the window's size in {there}",
            "y = local_response_norm(x, size=size, alpha=alpha * size, beta=beta, k=k)",
            "alpha/size",
        ),
        Form(
            "alpha is divided by the window's size twice in {there}",
            "y = local_response_norm(x, size=size, alpha=alpha / size, beta=beta, k=k)",
            "alpha/size once",
        ),
    ),
    "weight_norm": (
        Form(
            "{there} takes one norm of the whole weight",
            "y = v / sqrt(sum(v * v)) * magnitude",
            "a norm for each output",
        ),
        Form("{there} leaves the norm out", "y = v * magnitude", "v/‖v‖"),
    ),
    "standardize": (
        Form(
            "the variance is divided by n - 1 in {there}",
            "c = x - mean(x, axis=axis, keepdims=True)\n"
            "y = c / sqrt(var(x, axis=axis, correction=1, keepdims=True) + eps)",
            "ddof=0",
        ),
        Form(
            "eps is added to the standard deviation in {there}",
            "c = x - mean(x, axis=axis, keepdims=True)\n"
            "y = c / (std(x, axis=axis, correction=0, keepdims=True) + eps)",
            "√(σ² + eps)",
        ),
        Form(
            "eps is added to the standard deviation, and the variance divided by n - 1 in {there}",
            "c = x - mean(x, axis=axis, keepdims=True)\n"
            "y = c / (std(x, axis=axis, correction=1, keepdims=True) + eps)",
            "√(σ² + eps), ddof=0",
        ),
    ),
    "rms_norm": (
        *(
            Form(said, text, agree)
            for said, text, agree in (
                (
                    "eps is added to the root in {there}, inside it in {here}",
                    "y = x / (sqrt(mean(x * x, axis=axis, keepdims=True)) + eps){affine}",
                    "√(mean x² + eps)",
                ),
                (
                    "the weight is 1 + w in {there}, w in {here}",
                    "y = rms_norm(x, axis=axis, eps=eps) * (1 + weight)",
                    "w, not 1 + w",
                ),
                (
                    "{there} divides by the norm, not by the root of the mean of squares",
                    "y = x / sqrt(sum(x * x, axis=axis, keepdims=True) + eps){affine}",
                    "√(mean x²)",
                ),
            )
        ),
    ),
    "remainder": (
        Form("the sign is the dividend's in {there} (fmod)", "y = fmod(a, b)", "the divisor's"),
    ),
    "fmod": (
        Form(
            "the sign is the divisor's in {there} (remainder)",
            "y = remainder(a, b)",
            "the dividend's",
        ),
    ),
    "max": (
        Form(
            "{there} has the log of a sum of exponentials",
            "y = logsumexp(x, axis=axis, keepdims=keepdims)",
            "the maximum",
        ),
    ),
    "logsumexp": (
        Form(
            "{there} has the log of a mean of exponentials",
            "z = {again}\ny = z - {logcount}",
            "the sum",
        ),
    ),
    "embedding": (
        Form("{there} scales the embedding by √d", "z = {again}\ny = z * {root}", "no factor"),
        Form(
            "{there} makes the row of padding_idx zero",
            "m = indices != padding_idx\n"
            "z = {again}\ny = z * expand_dims(where(m, 1.0, 0.0), axis=-1)",
            "the row as it is",
        ),
    ),
    "take": (
        Form(
            "{there} counts indices from 1", "y = take(x, indices - 1, axis=axis)", "indices from 0"
        ),
    ),
    "focal": (
        Form(
            "alpha is left out in {there}",
            "p = sigmoid(x)\nq = where(target > 0.5, p, 1 - p)\n"
            "y = mean((1 - q) ** gamma * bce_with_logits(x, target, reduction='none'))",
            "alpha",
        ),
    ),
    "scaled_dot_product_attention": (
        Form(
            "{there} takes the heads for the time: its arrays are (…, time, heads, width)",
            "q = swapaxes(query, axis1=-2, axis2=-3)\nk = swapaxes(key, axis1=-2, axis2=-3)\n"
            "v = swapaxes(value, axis1=-2, axis2=-3)\n"
            "z = scaled_dot_product_attention(q, k, v, is_causal=is_causal, scale=scale)\n"
            "y = swapaxes(z, axis1=-2, axis2=-3)",
            "swap the axes of heads and time",
        ),
        Form(
            "the mask says what is hidden in {there}, what is seen in {here}",
            "y = scaled_dot_product_attention(query, key, value, logical_not(mask), "
            "is_causal=is_causal, scale=scale)",
            "True for what is seen",
        ),
        Form(
            "{there} adds the mask, of ones and zeros, to the scores",
            "m = where(mask, 1.0, 0.0)\n"
            "y = scaled_dot_product_attention(query, key, value, m, is_causal=is_causal, "
            "scale=scale)",
            "a mask of booleans",
        ),
    ),
    "conj": (Form("the conjugate is left out in {there}", "y = identity(x)", "the conjugate"),),
    "glu": (
        Form(
            "the first half is the gate in {there}: sigmoid(a)·b",
            "y = flip(glu(flip(x, axis=axis), axis=axis), axis=axis)",
            "the second half as the gate: a·sigmoid(b)",
        ),
    ),
    "tanh": (Form("{there} has 1.7159·tanh(⅔·x)", "y = 1.7159 * tanh(x * 2 / 3)", "tanh"),),
    "celu": (
        Form(
            "{there} has the elu, alpha·(eˣ - 1) below 0",
            "y = elu(x, alpha=alpha)",
            "celu: alpha·(e^(x/alpha) - 1) below 0",
        ),
    ),
    "elu": (
        Form(
            "{there} has the celu, alpha·(e^(x/alpha) - 1) below 0",
            "y = celu(x, alpha=alpha)",
            "elu: alpha·(eˣ - 1) below 0",
        ),
    ),
}
