//! Shapes of this CRM on the wire, and the pure mapping to the domain. Its words stay here.

/// The name of one of our fields in this CRM.
pub fn field_name(prefix: &str, plain: &str) -> String {
    format!("{prefix}{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_get_our_prefix() {
        assert_eq!(field_name("latitude_", "grade"), "latitude_grade");
    }
}
