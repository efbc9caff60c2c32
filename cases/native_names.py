"""The frameworks' own functions that a case may call, namespace by namespace.

Only pure functions of numbers are here: none that reads, writes, loads, compiles, executes,
takes a function, draws random numbers, changes its arguments or sets a mode. A function that a
framework adds later is not callable until it has been looked at and written down.
"""

from __future__ import annotations

_TORCH = """
abs absolute acos acosh add addbmm addcdiv addcmul addmm addmv addr adjoint all amax amin aminmax
angle any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort asin asinh
atan atan2 atanh atleast_1d atleast_2d atleast_3d avg_pool1d baddbmm batch_norm bilinear
binary_cross_entropy_with_logits block_diag bmm broadcast_tensors broadcast_to bucketize
cartesian_prod cat cdist ceil celu chain_matmul channel_shuffle cholesky_inverse cholesky_solve
chunk clamp clamp_max clamp_min clip clone column_stack combinations complex concat concatenate
conj conj_physical constant_pad_nd conv1d conv2d conv3d conv_tbc conv_transpose1d
conv_transpose2d conv_transpose3d copysign corrcoef cos cosh cosine_embedding_loss
cosine_similarity count_nonzero cov cross ctc_loss cummax cummin cumprod cumsum
cumulative_trapezoid deg2rad det diag diag_embed diagflat diagonal diagonal_scatter diff digamma
dist div divide dot dsplit dstack einsum embedding eq erf erfc erfinv exp exp2 expm1 fix flatten
flip fliplr flipud float_power floor floor_divide fmax fmin fmod frac frobenius_norm full_like
gather ge gradient greater greater_equal group_norm gt hardshrink heaviside
hinge_embedding_loss hsplit hstack hypot i0 igamma igammac imag index_add index_copy index_fill
index_select inner instance_norm inverse isclose isfinite isin isinf isnan isneginf isposinf
isreal kl_div kron kthvalue layer_norm ldexp le lerp less less_equal lgamma log log10 log1p log2
log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and logical_not logical_or
logical_xor logit logsumexp lt lu_solve margin_ranking_loss masked_fill masked_scatter
masked_select matmul matrix_exp matrix_power max max_pool1d maximum mean median meshgrid min
minimum mm mode moveaxis movedim msort mul multiply mv mvlgamma nan_to_num nanmean nanmedian
nanquantile nansum narrow ne neg negative norm not_equal nuclear_norm ones_like outer
pairwise_distance pdist permute pinverse pixel_shuffle pixel_unshuffle poisson_nll_loss polar
polygamma positive pow prelu prod qr quantile rad2deg ravel real reciprocal relu remainder renorm
repeat_interleave reshape rms_norm roll rot90 round row_stack rsqrt rsub scatter scatter_add
scatter_reduce searchsorted select select_scatter selu sgn sigmoid sign signbit sin sinc sinh
slice_scatter slogdet softmax sort split split_with_sizes sqrt square squeeze stack std std_mean
sub subtract sum svd swapaxes swapdims t take take_along_dim tan tanh tensor_split tensordot
threshold tile topk trace transpose trapezoid trapz triangular_solve tril triplet_margin_loss triu
true_divide trunc unbind unflatten unsqueeze vander var var_mean vdot view_as_complex view_as_real
vsplit vstack where xlogy zeros_like
"""
_TORCH_FUNCTIONAL = """
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
adaptive_max_pool3d affine_grid avg_pool1d avg_pool2d avg_pool3d batch_norm bilinear
binary_cross_entropy binary_cross_entropy_with_logits celu channel_shuffle conv1d conv2d conv3d
conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity
cross_entropy ctc_loss elu embedding embedding_bag fold gaussian_nll_loss gelu glu grid_sample
group_norm hardshrink hardsigmoid hardswish hardtanh hinge_embedding_loss huber_loss instance_norm
interpolate kl_div l1_loss layer_norm leaky_relu linear local_response_norm log_softmax logsigmoid
lp_pool1d lp_pool2d lp_pool3d margin_ranking_loss max_pool1d max_pool2d max_pool3d mish mse_loss
multi_head_attention_forward multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss
nll_loss normalize one_hot pad pairwise_distance pdist pixel_shuffle pixel_unshuffle
poisson_nll_loss prelu relu relu6 rms_norm scaled_dot_product_attention selu sigmoid silu
smooth_l1_loss soft_margin_loss softmax softmin softplus softshrink softsign tanh tanhshrink
threshold triplet_margin_loss unfold
"""
_TORCH_LINALG = """
cholesky cond cross det diagonal eig eigh eigvals eigvalsh householder_product inv lstsq lu
lu_factor lu_solve matmul matrix_exp matrix_norm matrix_power matrix_rank multi_dot norm pinv qr
slogdet solve solve_triangular svd svdvals tensorinv tensorsolve vander vecdot vector_norm
"""
_TORCH_SPECIAL = """
airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u
digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammainc gammaincc gammaln
hermite_polynomial_h hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l
legendre_polynomial_p log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0
modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 multigammaln ndtr ndtri polygamma psi
round scaled_modified_bessel_k0 scaled_modified_bessel_k1 sinc softmax spherical_bessel_j0 xlog1py
xlogy zeta
"""
_FFT = """
fft fft2 fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2 rfftn
"""
_JAX_NUMPY = """
abs absolute acos acosh add all amax amin angle any append arccos arccosh arcsin arcsinh arctan
arctan2 arctanh argmax argmin argsort around asin asinh atan atan2 atanh atleast_1d atleast_2d
atleast_3d average broadcast_arrays broadcast_to cbrt ceil clip column_stack concat concatenate
conj conjugate convolve copy copysign corrcoef correlate cos cosh count_nonzero cov cross cumprod
cumsum cumulative_prod cumulative_sum deg2rad degrees diag diagflat diagonal diff divide divmod
dot dsplit dstack ediff1d einsum equal exp exp2 expand_dims expm1 fabs flip fliplr flipud
float_power floor floor_divide fmax fmin fmod full_like gradient greater greater_equal heaviside
hsplit hstack hypot i0 imag inner interp isclose isfinite isin isinf isnan isneginf isposinf
isreal kron ldexp less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and
logical_not logical_or logical_xor matmul matrix_transpose matvec max maximum mean median meshgrid
min minimum mod modf moveaxis multiply nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax
nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar negative not_equal
ones_like outer pad percentile permute_dims polyadd polyder polyint polymul polysub polyval
positive pow power prod ptp quantile rad2deg radians ravel real reciprocal remainder repeat
reshape resize rint roll rollaxis rot90 round searchsorted sign signbit sin sinc sinh sort split
sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tan tanh tensordot tile
trace transpose trapezoid tril triu true_divide trunc unstack unwrap vander var vdot vecdot vecmat
vsplit vstack where zeros_like
"""
_JAX_NN = """
celu dot_product_attention elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh identity
leaky_relu log1mexp log_sigmoid log_softmax logmeanexp logsumexp mish one_hot relu relu6 selu
sigmoid silu soft_sign softmax softplus sparse_plus sparse_sigmoid squareplus standardize swish
tanh
"""
_JAX_LAX = """
abs acos acosh add argmax argmin asin asinh atan atan2 atanh batch_matmul bessel_i0e bessel_i1e
betainc broadcast broadcast_in_dim cbrt ceil clamp collapse complex concatenate conj conv
conv_general_dilated conv_transpose conv_with_general_padding cos cosh cumlogsumexp cummax cummin
cumprod cumsum digamma div dot dot_general dynamic_index_in_dim dynamic_slice dynamic_slice_in_dim
dynamic_update_slice eq erf erf_inv erfc exp exp2 expand_dims expm1 fft floor full_like gather ge
gt igamma igammac imag index_in_dim index_take integer_pow is_finite le lgamma log log1p logistic
lt max min mul ne neg pad polygamma pow real reciprocal reduce_max reduce_min reduce_prod
reduce_sum rem reshape rev round rsqrt scatter scatter_add scatter_max scatter_min scatter_mul
select select_n sign sin sinh slice slice_in_dim sort split sqrt square squeeze stop_gradient sub
tan tanh tile top_k transpose zeta
"""
_JAX_SPECIAL = """
bernoulli bessel_jn beta betainc betaln dawsn digamma entr erf erfc erfcx erfinv exp1 expi expit
expn factorial gamma gammainc gammaincc gammaln gammasgn hyp1f1 hyp2f1 i0 i0e i1 i1e kl_div
log_ndtr log_softmax loggamma logit logsumexp multigammaln ndtr ndtri poch polygamma rel_entr
softmax spence xlog1py xlogy zeta
"""
_JAX_LINALG = """
cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul matrix_norm
matrix_power matrix_rank matrix_transpose multi_dot norm outer pinv qr slogdet solve svd svdvals
tensordot tensorinv tensorsolve trace vecdot vector_norm
"""
_JAX_SCIPY_LINALG = """
block_diag cholesky det eigh expm inv lu polar qr schur solve solve_triangular sqrtm svd toeplitz
"""
_JAX_LAX_LINALG = """
cholesky eig eigh householder_product lu qr schur svd symmetric_product triangular_solve
tridiagonal_solve
"""
_OPTAX = """
convex_kl_divergence cosine_distance cosine_similarity ctc_loss generalized_kl_divergence
global_norm hinge_loss huber_loss kl_divergence l2_loss log_cosh ntxent safe_softmax_cross_entropy
sigmoid_binary_cross_entropy sigmoid_focal_loss smooth_labels softmax_cross_entropy
softmax_cross_entropy_with_integer_labels squared_error
"""
_OPTAX_LOSSES = """
binary_dice_loss dice_loss kl_divergence_with_log_targets multiclass_generalized_dice_loss
multiclass_hinge_loss multiclass_perceptron_loss multiclass_sparsemax_loss perceptron_loss
poly_loss_cross_entropy ranking_softmax_loss sparsemax_loss triplet_margin_loss
"""
_FFT_OF_ARRAYS = "fft fft2 fftn ifft ifft2 ifftn irfft irfft2 irfftn rfft rfft2 rfftn"
_AUTOGRAD = """
abs absolute add all amax amin angle any arccos arccosh arcsin arcsinh arctan arctan2 arctanh
argmax argmin argsort clip concatenate conj conjugate cos cosh cross cumsum deg2rad degrees diag
diagonal diff divide dot einsum exp exp2 expand_dims expm1 fabs fmax fmin full_like greater hypot
imag inner kron less log log10 log1p log2 logaddexp logaddexp2 matmul max maximum mean min minimum
mod moveaxis multiply nan_to_num negative ones_like outer pad power prod rad2deg radians ravel real
reciprocal remainder repeat reshape roll rot90 sign sin sinc sinh sort split sqrt square squeeze
stack std subtract sum swapaxes tan tanh tensordot tile trace transpose tril triu true_divide var
where zeros_like
"""
_AUTOGRAD_LINALG = "cholesky det eigh inv norm pinv slogdet solve svd"
_AUTOGRAD_SPECIAL = """
beta betainc betaln digamma erf erfc erfcinv erfinv expit gamma gammainc gammaincc gammaln i0 i1 iv
ive j0 j1 jn logit logsumexp multigammaln polygamma psi rgamma y0 y1 yn
"""
_MLX = """
abs add addmm all any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort
broadcast_to ceil clip concatenate conjugate cos cosh cummax cummin cumprod cumsum degrees diag
diagonal diff divide einsum equal erf erfinv exp expand_dims expm1 flatten flip floor full_like
greater imag inner kron less log log10 log1p log2 logaddexp logcumsumexp logsumexp matmul max
maximum mean median min minimum moveaxis multiply nan_to_num negative ones_like outer pad power prod
radians real reciprocal remainder repeat reshape roll round rsqrt sigmoid sign sin sinh softmax sort
split sqrt square squeeze stack std stop_gradient subtract sum swapaxes take take_along_axis tan
tanh tensordot tile topk trace transpose tril triu var vecdot where zeros_like
"""
_MLX_NN = """
celu elu gelu gelu_approx gelu_fast_approx glu hard_shrink hard_tanh hardswish leaky_relu
log_sigmoid log_softmax mish prelu relu relu2 relu6 selu sigmoid silu softmax softmin softplus
softshrink softsign step tanh
"""

#: framework → namespace → the names that may be called in it.
NAMES: dict[str, dict[str, frozenset[str]]] = {
    framework: {namespace: frozenset(text.split()) for namespace, text in namespaces.items()}
    for framework, namespaces in {
        "torch": {
            "torch": _TORCH,
            "torch.nn.functional": _TORCH_FUNCTIONAL,
            "torch.linalg": _TORCH_LINALG,
            "torch.special": _TORCH_SPECIAL,
            "torch.fft": _FFT + "hfft2 hfftn ihfft2 ihfftn",
        },
        "jax": {
            "jax.numpy": _JAX_NUMPY,
            "jax.nn": _JAX_NN,
            "jax.lax": _JAX_LAX,
            "jax.scipy.special": _JAX_SPECIAL,
            "jax.numpy.linalg": _JAX_LINALG,
            "jax.numpy.fft": _FFT,
            "jax.scipy.linalg": _JAX_SCIPY_LINALG,
            "jax.lax.linalg": _JAX_LAX_LINALG,
            "jax.image": "resize scale_and_translate",
            "jax.ops": "segment_max segment_min segment_prod segment_sum",
            "optax": _OPTAX,
            "optax.losses": _OPTAX + _OPTAX_LOSSES,
        },
        "autograd": {
            "autograd.numpy": _AUTOGRAD,
            "autograd.numpy.fft": _FFT_OF_ARRAYS,
            "autograd.numpy.linalg": _AUTOGRAD_LINALG,
            "autograd.scipy.special": _AUTOGRAD_SPECIAL,
        },
        "mlx": {
            "mlx.core": _MLX,
            "mlx.nn": _MLX_NN,
            "mlx.core.fft": _FFT_OF_ARRAYS,
            "mlx.core.linalg": "cross det norm slogdet",
        },
    }.items()
}
