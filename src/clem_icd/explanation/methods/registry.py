"""The registered methods. A new kind is one module beside this one, and one line here."""

from clem_icd.explanation.methods.att_grad import AttentionTimesGradient
from clem_icd.explanation.methods.att_in_grad import AttInGrad
from clem_icd.explanation.methods.attention import Attention
from clem_icd.explanation.methods.attention_rollout import AttentionRollout
from clem_icd.explanation.methods.coefficients import Coefficients
from clem_icd.explanation.methods.contributions import Contributions
from clem_icd.explanation.methods.decomposition_x_gradient import DecompositionTimesGradient
from clem_icd.explanation.methods.decomposition_x_saliency import DecompositionTimesSaliency
from clem_icd.explanation.methods.deep_lift import DeepLift
from clem_icd.explanation.methods.description_match import DescriptionMatch
from clem_icd.explanation.methods.head_decomposition import HeadDecomposition
from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.explanation.methods.integrated_gradients import IntegratedGradients
from clem_icd.explanation.methods.kernel_shap import KernelShap
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.occlusion import Occlusion
from clem_icd.explanation.methods.own import OwnSpans
from clem_icd.explanation.methods.random import Random
from clem_icd.fields import Choices

METHODS: Choices[Method] = Choices("method")
METHODS.register(OwnSpans)
METHODS.register(Attention)
METHODS.register(Contributions)
METHODS.register(AttentionTimesGradient)
METHODS.register(AttInGrad)
METHODS.register(HeadDecomposition)
METHODS.register(DecompositionTimesGradient)
METHODS.register(DecompositionTimesSaliency)
METHODS.register(InputTimesGradient)
METHODS.register(Occlusion)
METHODS.register(IntegratedGradients)
METHODS.register(DeepLift)
METHODS.register(KernelShap)
METHODS.register(AttentionRollout)
METHODS.register(Coefficients)
METHODS.register(DescriptionMatch)
METHODS.register(Random)
