//! Whether a value can be said in JSON, which has no word for NaN and the infinities.
//!
//! serde_json writes `null` for them, which no number reads again: a job would be accepted that
//! can't run, or would have run for a result that nobody can read. So a text with a `null` is looked
//! at twice: the second pass writes nothing, and refuses such a number.

use serde::{
    Serialize,
    ser::{
        Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
        SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
    },
};
use serde_json::ser::Formatter;

type Checked = Result<(), serde_json::Error>;

/// A value as compact JSON.
pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let (mut bytes, mut nulls) = (Vec::with_capacity(128), false);
    let format = Compact { nulls: &mut nulls };
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format))?;
    if nulls {
        value.serialize(Finite)?;
    }
    Ok(bytes)
}

/// Notes whether a `null` was written.
struct Compact<'a> {
    nulls: &'a mut bool,
}

impl Formatter for Compact<'_> {
    fn write_null<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        *self.nulls = true;
        writer.write_all(b"null")
    }
}

/// Goes through a value, and refuses numbers that aren't finite.
#[derive(Clone, Copy)]
struct Finite;

fn check(value: f64) -> Checked {
    if value.is_finite() {
        return Ok(());
    }
    Err(serde_json::Error::custom(format_args!(
        "JSON has no number {value}: use `Option`, or the codec MessagePack"
    )))
}

macro_rules! fine {
    ($($name:ident($($ty:ty),*))*) => {
        $(fn $name(self, $(_: $ty),*) -> Checked {
            Ok(())
        })*
    };
}

macro_rules! compound {
    ($($name:ident($($ty:ty),*))*) => {
        $(fn $name(self, $(_: $ty),*) -> Result<Self, Self::Error> {
            Ok(self)
        })*
    };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fine! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
        serialize_i64(i64) serialize_i128(i128) serialize_u8(u8) serialize_u16(u16)
        serialize_u32(u32) serialize_u64(u64) serialize_u128(u128) serialize_char(char)
        serialize_str(&str) serialize_bytes(&[u8]) serialize_none() serialize_unit()
        serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    compound! {
        serialize_seq(Option<usize>) serialize_tuple(usize)
        serialize_tuple_struct(&'static str, usize)
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
        serialize_map(Option<usize>) serialize_struct(&'static str, usize)
        serialize_struct_variant(&'static str, u32, &'static str, usize)
    }

    fn serialize_f32(self, value: f32) -> Checked {
        check(value.into())
    }

    fn serialize_f64(self, value: f64) -> Checked {
        check(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, _: &T) -> Checked {
        Ok(())
    }
}

macro_rules! parts {
    ($($kind:ident: $method:ident($($ty:ty),*);)*) => {
        $(impl $kind for Finite {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $ty,)* value: &T) -> Checked {
                value.serialize(*self)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

impl SerializeMap for Finite {
    type Ok = ();
    type Error = serde_json::Error;

    /// JSON itself refuses a number of this kind as a key.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Checked {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(*self)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Point(f64),
        Pair(f64, f32),
        Named { radius: Option<f64> },
    }

    #[test]
    fn numbers_that_json_does_not_have_are_refused_wherever_they_stand() {
        let refused = |value: &dyn erased::Erased| {
            let error = value.json().expect_err("it has no such number").to_string();
            assert!(error.contains("JSON has no number"), "{error}");
        };
        refused(&f64::NAN);
        refused(&f32::INFINITY);
        refused(&Some(f64::NEG_INFINITY));
        refused(&vec![1.0, f64::NAN]);
        refused(&(1, f64::NAN));
        refused(&BTreeMap::from([("a", f64::NAN)]));
        refused(&Shape::Point(f64::NAN));
        refused(&Shape::Pair(1.0, f32::NAN));
        refused(&Shape::Named { radius: Some(f64::NAN) });
    }

    #[test]
    fn a_null_is_fine() {
        let fine = (None::<u8>, (), Shape::Named { radius: None }, 1.5);
        let text = String::from_utf8(to_json(&fine).expect("written")).expect("text");
        assert_eq!(text, r#"[null,null,{"Named":{"radius":null}},1.5]"#);
    }

    mod erased {
        /// So that one closure takes all of them.
        pub(super) trait Erased {
            fn json(&self) -> Result<Vec<u8>, serde_json::Error>;
        }

        impl<T: serde::Serialize> Erased for T {
            fn json(&self) -> Result<Vec<u8>, serde_json::Error> {
                super::to_json(self)
            }
        }
    }
}
