"""What wraps any source of answers: limiter, circuit breaker, retry, fallback."""
