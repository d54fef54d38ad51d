"""Stripe's words for what went wrong, as its documentation lists them; what is not listed is not repeated.

Codes that a reader of the API can meet; those of payments, payouts and new accounts are not asked for.
"""

TYPES = frozenset(
    {
        "api_connection_error",
        "api_error",
        "authentication_error",
        "card_error",
        "idempotency_error",
        "invalid_request_error",
        "rate_limit_error",
    }
)

CODES = frozenset(
    {
        "account_closed",
        "account_invalid",
        "api_key_expired",
        "clearing_code_unsupported",
        "customer_tax_location_invalid",
        "email_invalid",
        "feature_not_available",
        "idempotency_key_in_use",
        "internal_error",
        "invalid_api_key",
        "invalid_characters",
        "livemode_mismatch",
        "lock_timeout",
        "missing",
        "more_permissions_required",
        "no_account",
        "not_allowed_on_standard_account",
        "parameter_invalid_empty",
        "parameter_invalid_integer",
        "parameter_invalid_string_blank",
        "parameter_invalid_string_empty",
        "parameter_missing",
        "parameter_unknown",
        "parameters_exclusive",
        "permission_denied",
        "platform_account_required",
        "platform_api_key_expired",
        "rate_limit",
        "request_timeout",
        "resource_already_exists",
        "resource_missing",
        "secret_key_required",
        "service_unavailable",
        "testmode_charges_only",
        "tls_version_unsupported",
        "token_expired",
        "url_invalid",
    }
)
