"""Star codes: what a phone can dial or key in a call to have the switch do something."""

from extensions.feature_codes.codes import CODES, CodeBook, Feature
from extensions.feature_codes.in_call import InCall, InCallKeys, Team
from extensions.feature_codes.service import FeatureService

__all__ = ["CODES", "CodeBook", "Feature", "FeatureService", "InCall", "InCallKeys", "Team"]
