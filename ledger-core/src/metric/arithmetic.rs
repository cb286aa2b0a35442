//! Arithmetic: shares, quantiles and intervals in whole numbers, the same on every machine.

/// z² for 95 %, in millionths: the 0.95 quantile of χ² with one degree of freedom, 3.841 459.
const Z2: u128 = 3_841_459;
/// Millionths.
const SCALE: u128 = 1_000_000;
/// More items than this no ledger holds; below, nothing here overflows.
const MOST: u64 = 1 << 40;
/// Ten-thousandths: the unit of an interval's ends.
const PARTS: u128 = 10_000;

/// The middle of ascending values; of two middle ones the mean, rounded down. None of nothing.
pub fn median(ascending: &[u64]) -> Option<u64> {
    let upper = *ascending.get(ascending.len() / 2)?;
    if ascending.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *ascending.get(ascending.len() / 2 - 1)?;
    Some(lower + (upper - lower) / 2)
}

/// The least of ascending values that `percent` in a hundred do not exceed (nearest rank). None of
/// nothing.
pub fn quantile(ascending: &[u64], percent: u64) -> Option<u64> {
    let rank = (ascending.len() as u64 * percent).div_ceil(100).max(1) - 1;
    ascending.get(usize::try_from(rank).ok()?).copied()
}

/// The Wilson score interval of 95 % for `count` of `of`, in ten-thousandths, rounded outwards. None
/// of nothing, and of more than 2^40.
///
/// E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
/// American Statistical Association 22 (1927), 209–212: the ends are
/// (2k + z² ∓ √(z⁴ + 4z²k(n−k)/n)) / (2(n + z²)).
pub fn wilson(count: u64, of: u64) -> Option<(u64, u64)> {
    let (k, n) = (u128::from(count), u128::from(of));
    let missed = n.checked_sub(k)?;
    if n == 0 || of > MOST {
        return None;
    }
    let middle = 2 * k * SCALE + Z2;
    let square = Z2 * Z2 + 4 * Z2 * SCALE * k * missed / n;
    let root = square.isqrt();
    // a root that is cut off is smaller than the true one, and that smaller than the next
    let wide = if root * root == square { root } else { root + 1 };
    let whole = 2 * (n * SCALE + Z2);
    let lower = middle.saturating_sub(wide) * PARTS / whole;
    let upper = ((middle + wide) * PARTS).div_ceil(whole).min(PARTS);
    Some((u64::try_from(lower).ok()?, u64::try_from(upper).ok()?))
}

/// `count` of `of` in percent with one digit, halves rounded up; none of nothing.
///
/// What is not all is never shown as 100, and what is not nothing never as 0.
pub fn percent(count: u64, of: u64) -> Option<String> {
    let (k, n) = (u128::from(count), u128::from(of));
    if n == 0 {
        return None;
    }
    let mut tenths = (k * 1000 + n / 2) / n;
    if k < n {
        tenths = tenths.min(999);
    }
    if k > 0 {
        tenths = tenths.max(1);
    }
    Some(format!("{}.{} %", tenths / 10, tenths % 10))
}

/// `count` over `of` with two digits, halves rounded up; none of nothing.
pub fn hundredths(count: u64, of: u64) -> Option<String> {
    let (k, n) = (u128::from(count), u128::from(of));
    if n == 0 {
        return None;
    }
    let parts = (k * 100 + n / 2) / n;
    Some(format!("{}.{:02}", parts / 100, parts % 100))
}

/// A decimal number that is not negative, in parts of 10^`digits`; none if it has more digits, or is
/// larger than fits.
pub(super) fn decimal(text: &str, digits: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || fraction.len() > digits {
        return None;
    }
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_ranks() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[1, 4]), Some(2));
        assert_eq!(median(&[1, 4, 9]), Some(4));
        assert_eq!(median(&[u64::MAX - 1, u64::MAX]), Some(u64::MAX - 1));
        let ten: Vec<u64> = (1..=10).collect();
        assert_eq!(quantile(&ten, 90), Some(9));
        assert_eq!(quantile(&ten, 95), Some(10));
        assert_eq!(quantile(&[3], 90), Some(3));
        assert_eq!(quantile(&[], 90), None);
    }

    /// Values as the tables of the literature have them, to four digits and outwards.
    #[test]
    fn wilson_is_known() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(3, 2), None);
        assert_eq!(wilson(0, 10), Some((0, 2776)));
        assert_eq!(wilson(10, 10), Some((7224, 10_000)));
        assert_eq!(wilson(8, 10), Some((4901, 9434)));
        assert_eq!(wilson(50, 100), Some((4038, 5962)));
        assert_eq!(wilson(1, 1), Some((2065, 10_000)));
        // the ends hold the share, and more items make it narrower
        for n in 1..60 {
            for k in 0..=n {
                let (low, high) = wilson(k, n).unwrap();
                assert!(low * n <= k * 10_000 && k * 10_000 <= high * n, "{k} of {n}");
                let (low_10, high_10) = wilson(10 * k, 10 * n).unwrap();
                assert!(high_10 - low_10 <= high - low, "{k} of {n}");
            }
        }
        assert!(wilson(MOST / 2, MOST).is_some());
        assert_eq!(wilson(1, u64::MAX), None);
    }

    #[test]
    fn percents_do_not_flatter() {
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(1, 3).as_deref(), Some("33.3 %"));
        assert_eq!(percent(1, 8).as_deref(), Some("12.5 %"));
        assert_eq!(percent(9_999, 10_000).as_deref(), Some("99.9 %"));
        assert_eq!(percent(1, 100_000).as_deref(), Some("0.1 %"));
        assert_eq!(percent(0, 9).as_deref(), Some("0.0 %"));
        assert_eq!(percent(9, 9).as_deref(), Some("100.0 %"));
        assert_eq!(hundredths(93, 92).as_deref(), Some("1.01"));
        assert_eq!(hundredths(9_150, 100).as_deref(), Some("91.50"));
    }

    #[test]
    fn decimals_are_whole_parts() {
        assert_eq!(decimal("0.98", 6), Some(980_000));
        assert_eq!(decimal("25", 6), Some(25_000_000));
        assert_eq!(decimal("0.9800000000", 6), Some(980_000));
        for wrong in ["-1", "0.0000001", "", ".5", "1e3", "99999999999999999"] {
            assert_eq!(decimal(wrong, 6), None, "{wrong}");
        }
    }
}
