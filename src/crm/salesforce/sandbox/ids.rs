//! Record ids: 15 characters that tell capitals apart, and 3 that check them.

/// Key prefix of Opportunity.
pub const OPPORTUNITY: &str = "006";
/// Key prefix of User.
pub const USER: &str = "005";
/// Key prefix of Account.
pub const ACCOUNT: &str = "001";
/// Key prefix of `OpportunityStage`.
pub const STAGE: &str = "01J";
/// Key prefix of the organisation.
pub const ORGANIZATION: &str = "00D";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The id of the `n`th record with that key prefix; later records have greater ids.
pub fn id(prefix: &str, n: usize) -> String {
    let mut digits = [b'0'; 6];
    let mut rest = n;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % 62];
        rest /= 62;
    }
    let digits = String::from_utf8_lossy(&digits);
    checked(&format!("{prefix}5g0000{digits}"))
}

/// An id with its three check characters, given with or without them.
pub fn checked(id: &str) -> String {
    let Some(bare) = id.get(..15).filter(|bare| bare.is_ascii()) else {
        return id.to_owned();
    };
    let checks = bare.as_bytes().chunks(5).map(|five| {
        let capitals = five.iter().enumerate();
        let bits = capitals.map(|(n, byte)| usize::from(byte.is_ascii_uppercase()) << n);
        char::from(CHECKS[bits.sum::<usize>()])
    });
    bare.chars().chain(checks).collect()
}

/// Which record an id of that key prefix may be.
pub fn place(prefix: &str, id: &str) -> Option<usize> {
    let digits = id.strip_prefix(prefix)?.strip_prefix("5g0000")?.get(..6)?;
    digits.bytes().try_fold(0, |n, byte| {
        let digit = DIGITS.iter().position(|known| *known == byte)?;
        Some(n * 62 + digit)
    })
}

/// Whether a text has the form of an id.
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A number that stands for a name, always the same.
pub fn number_of(name: &str) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash % 56_800_235_584).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_carry_their_checks_and_lead_back() {
        assert_eq!(checked("001D000000IRFma"), "001D000000IRFmaIAH");
        assert_eq!(checked("006D000000AbCdE"), "006D000000AbCdEIAV");
        assert!(id(OPPORTUNITY, 61) < id(OPPORTUNITY, 62));
        assert_eq!(place(OPPORTUNITY, &id(OPPORTUNITY, 123_456)), Some(123_456));
        assert_eq!(place(USER, &id(OPPORTUNITY, 1)), None);
    }
}
